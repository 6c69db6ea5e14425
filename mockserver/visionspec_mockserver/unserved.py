"""What the service has and this server has not: named, so that nobody looks for a slip of their own."""

from __future__ import annotations

import re
from typing import Final

_METHODS: Final = frozenset(
    [
        "asyncBatchEmbedContent",
        "batchEmbedContents",
        "batchEmbedText",
        "batchGenerateContent",
        "bidiGenerateContent",
        "countMessageTokens",
        "countTextTokens",
        "embedContent",
        "embedText",
        "generateAnswer",
        "generateMessage",
        "generateText",
        "predict",
        "predictLongRunning",
        "transferOwnership",
    ]
)
_COLLECTIONS: Final = frozenset(
    [
        "agents",
        "authTokens",
        "auth_tokens",
        "batches",
        "cachedContents",
        "corpora",
        "dynamic",
        "environments",
        "fileSearchStores",
        "generatedFiles",
        "openai",  # in the format of OpenAI's API
        "operations",
        "ragStores",
        "tunedModels",
        "webhooks",
    ]
)
_PATH: Final = re.compile(r"(?:/v1(?:beta|alpha)?)+/(?P<collection>\w+)(?:/[^:]*)?(?::(?P<method>\w+))?")


def absent(path: str) -> str | None:
    """What of the service is missing for ``path`` to be served here; None: the service has no such path."""
    match = _PATH.match(path)
    if match is None:
        return None
    if match["method"] in _METHODS:
        return match["method"]
    return match["collection"] if match["collection"] in _COLLECTIONS else None
