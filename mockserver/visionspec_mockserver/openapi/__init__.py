"""The HTTP surface as an OpenAPI document: the routes of the server, the models of the wire, and few words.

What is here can be derived from neither: names, summaries, parameters, the errors of an operation, examples.
A route without its entry in `visionspec_mockserver.openapi.operations`, and an entry without its route, are
errors of the generator, so the document cannot fall behind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from visionspec_mockserver.openapi.components import schemas
from visionspec_mockserver.openapi.operations import OPERATIONS, SECURITY, TAGS
from visionspec_mockserver.openapi.parameters import PARAMETERS
from visionspec_mockserver.openapi.words import DESCRIPTION
from visionspec_mockserver.rooms import ROOMS

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONVERTER = re.compile(r"\{(\w+):\w+\}")


def document(version: str, *, url: str = "http://127.0.0.1:8000") -> dict[str, Any]:
    """The document, as OpenAPI 3.1 has it, of a server at ``url``; ``version`` is its own.

    Raises:
        LookupError: if a route has no entry, or an entry no route.
    """
    paths: dict[str, dict[str, Any]] = {}
    entries = dict(OPERATIONS)
    for method, path in _routes():
        operation = entries.pop(f"{method} {path}", None)
        if operation is None:
            raise LookupError(f"no operation describes {method} {path}")
        paths.setdefault(path, {})[method.lower()] = operation.describe(path)
    if entries:
        raise LookupError(f"no route for {', '.join(entries)}")
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "visionspec mock server",
            "version": version,
            "summary": "Gemini image understanding, offline.",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url, "description": "visionspec serve"}],
        "security": [{name: []} for name in SECURITY],
        "tags": TAGS,
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "parameters": PARAMETERS,
            "securitySchemes": SECURITY,
        },
    }


def _routes() -> Iterator[tuple[str, str]]:
    """``(method, path)`` of every route, its version still open."""
    for room in ROOMS:
        for route in room.routes("{version}"):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, _CONVERTER.sub(r"{\1}", route.path)
