"""Paths of clients whose base URL was written in the other of two ways: with a version of the API, or without.

Some libraries append ``/v1beta/models/...`` to the base URL that they are given, others only ``/models/...``,
and one does either, by method. A base URL is all that a user changes to come here, so either way of writing it
leads to the same place: a version too many is dropped, so is a slash too many, a missing version is `_USUAL`.
"""

from __future__ import annotations

import functools
import re

VERSIONS = ("v1", "v1beta", "v1alpha")
_USUAL = "v1beta"
_VERSION = f"(?:{'|'.join(VERSIONS)})"
_PATH = re.compile(
    rf"(?:/+{_VERSION})??(?:(?:/+resumable)?/+(?P<way>upload|download))?(?:/+(?P<version>{_VERSION}))?"
    r"/+(?P<rest>(?:models|tunedModels|files|files:register|interactions)(?:/.*)?)"
)


@functools.lru_cache(maxsize=256)
def canonical(path: str) -> str | None:
    """``path`` as the service has it, with exactly one version; None if it is none of the service's."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    rest = match["rest"].rstrip("/")
    return "/".join(["", *filter(None, [match["way"]]), match["version"] or _USUAL, rest])
