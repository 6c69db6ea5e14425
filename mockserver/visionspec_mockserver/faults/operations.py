"""Which operation a request is, by its method, path and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visionspec_mockserver.journal import header
from visionspec_mockserver.paths import canonical

if TYPE_CHECKING:
    from starlette.types import Scope

TEST_HEADER = b"x-visionspec-test"
"""What a test sends with every request, so that a fault meets no other."""

GENERATE = ("generateContent", "streamGenerateContent", "countTokens")
OPERATIONS = (
    *GENERATE,
    "models.get",
    "models.list",
    "interactions.create",
    "interactions.get",
    "interactions.delete",
    "interactions.cancel",
    "upload.start",
    "upload.chunk",
    "upload.query",
    "upload.cancel",
    "upload.multipart",
    "files.get",
    "files.list",
    "files.delete",
    "files.download",
    "files.register",
)


def operation(scope: Scope) -> str | None:
    """One of `OPERATIONS`; None for what is none of them, the control plane for one."""
    path = canonical(scope["path"])
    if path is None:
        return None
    parts = path.strip("/").split("/")
    if parts[0] == "upload":
        return _upload(scope)
    room, rest = parts[-2 if parts[0] == "download" else 1], "/".join(parts[2:])
    if room == "interactions":
        return _interaction(scope["method"], rest)
    if room in ("models", "tunedModels"):
        action = rest.rpartition(":")[2]
        return action if action in GENERATE else "models.get" if rest else "models.list"
    return _file(scope["method"], room, rest)


def _interaction(method: str, rest: str) -> str:
    if not rest:
        return "interactions.create"
    if rest.endswith("/cancel"):
        return "interactions.cancel"
    return "interactions.delete" if method == "DELETE" else "interactions.get"


def _file(method: str, room: str, rest: str) -> str:
    if room == "files:register":
        return "files.register"
    if rest.endswith(":download"):
        return "files.download"
    if method == "DELETE":
        return "files.delete"
    return "files.get" if rest else "files.list"


def _upload(scope: Scope) -> str:
    command = header(scope, b"x-goog-upload-command").lower()
    if command in ("start", "query", "cancel"):
        return f"upload.{command}"
    if "upload" in command or "finalize" in command:
        return "upload.chunk"
    return "upload.multipart"
