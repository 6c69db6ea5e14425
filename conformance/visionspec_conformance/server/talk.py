"""What the checks say to a server again and again, as raw requests.

A step that a check only needs to get to its own question raises ``Untestable`` if it fails: another check
decides the rule of that step.
"""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from visionspec_conformance.judge import Broken, Untestable, broken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from visionspec_conformance.strategies import Picture
    from visionspec_conformance.target import Reply, Target

WAIT_S = 20.0
"""How long what the server does in the background may take."""

_PAUSE_S = 0.1
_RFC_3339 = re.compile(r"(?P<whole>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(?P<zone>Z|[+-]\d\d:\d\d)")

PROTOCOL = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}

# A PNG of 1 x 1 px, the smallest thing that every server of images must take.
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def unmet(step: str, reply: Reply) -> NoReturn:
    """A step on the way to the check's own question failed."""
    raise Untestable(f"{step}: {reply.status} {reply.text[:200]!r}")


def there(reply: Reply) -> Reply:
    """The reply, of a path that has to exist before it can be asked how it behaves."""
    if reply.status == 404:
        unmet("there is nothing at this path", reply)
    return reply


def whole(reply: Reply) -> Reply:
    """The reply, which has to be no stream before it can be read: none was asked for."""
    if reply.status == 200 and reply.headers.get("content-type", "").startswith("text/event-stream"):
        unmet("a stream that was not asked for, see interactions.stream-asked", reply)
    return reply


@dataclass
class Upload:
    """A resumable upload that was started.

    Attributes:
        target: the server.
        url: where every later command goes.
        granularity_bytes: what a chunk that is not the last must be a multiple of.
    """

    target: Target
    url: str
    granularity_bytes: int

    def command(
        self,
        verb: str,
        *,
        offset: int | str | None = None,
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one command, without a key: the URL is the permission."""
        said = {"x-goog-upload-command": verb}
        if offset is not None:
            said["x-goog-upload-offset"] = str(offset)
        return self.target.send(
            "POST", self.url, content=data, headers={**said, **(headers or {})}, key=False
        )

    def status(self) -> tuple[str | None, int | None]:
        """State and number of bytes, as a query says them."""
        reply = self.command("query")
        received = reply.headers.get("x-goog-upload-size-received", "")
        return reply.headers.get("x-goog-upload-status"), int(received) if received.isdecimal() else None


def try_start(
    target: Target,
    *,
    size_bytes: int | str | None,
    mime_type: str = "image/png",
    file: dict[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Start an upload and hand out the reply as it is."""
    said = {**PROTOCOL, "x-goog-upload-header-content-type": mime_type}
    if size_bytes is not None:
        said["x-goog-upload-header-content-length"] = str(size_bytes)
    said |= headers or {}
    return target.send("POST", "/upload/{v}/files", json={"file": file or {}}, headers=said)


def start_reply(target: Target, **start: Any) -> Reply:
    """As `try_start`, where the question is not whether there are uploads at all.

    Raises:
        Untestable: if there are none.
    """
    return there(try_start(target, **start))


def start(
    target: Target,
    *,
    size_bytes: int | None,
    mime_type: str = "image/png",
    file: dict[str, Any] | None = None,
) -> Upload:
    """Start an upload.

    Raises:
        Untestable: if it does not start.
    """
    reply = start_reply(target, size_bytes=size_bytes, mime_type=mime_type, file=file)
    url = reply.headers.get("x-goog-upload-url")
    if reply.status != 200 or not url or "://" not in url:
        unmet("the upload did not start", reply)
    granularity = reply.headers.get("x-goog-upload-chunk-granularity", "")
    return Upload(target, url, int(granularity) if granularity.isdecimal() and int(granularity) else 1)


def upload(
    target: Target, data: bytes, mime_type: str = "image/png", file: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Upload a file in one chunk and hand out its resource.

    Raises:
        Untestable: if that fails.
    """
    session = start(target, size_bytes=len(data), mime_type=mime_type, file=file)
    reply = session.command("upload, finalize", offset=0, data=data)
    found = _object(reply).get("file")
    if reply.status != 200 or not isinstance(found, dict) or not isinstance(found.get("name"), str):
        unmet("the upload did not end with a file", reply)
    return found


def active(target: Target, file: dict[str, Any]) -> dict[str, Any]:
    """The file, as soon as it may be used.

    Raises:
        Untestable: if it does not become ACTIVE.
    """
    deadline = time.monotonic() + WAIT_S
    while file.get("state") == "PROCESSING" and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
        file = _object(target.send("GET", f"/{{v}}/{file['name']}"))
    if file.get("state", "ACTIVE") != "ACTIVE":
        raise Untestable(f"an uploaded file is {file['state']} and not ACTIVE after {WAIT_S:.0f} s")
    return file


def _object(reply: Reply) -> dict[str, Any]:
    """The body as a JSON object, empty if it is none."""
    try:
        return reply.object()
    except Broken:
        return {}


def inline(picture: Picture) -> dict[str, Any]:
    """A part of generateContent that holds the picture."""
    data = base64.b64encode(picture.data).decode("ascii")
    return {"inlineData": {"mimeType": picture.mime_type, "data": data}}


def inline_dot() -> dict[str, Any]:
    """A part of generateContent with the smallest picture."""
    return {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(DOT).decode("ascii")}}


def contents(*parts: dict[str, Any]) -> dict[str, Any]:
    """A body of generateContent with one turn of the user."""
    return {"contents": [{"role": "user", "parts": list(parts)}]}


def ask(target: Target, body: dict[str, Any], *, method: str = "generateContent", model: str = "") -> Reply:
    """Call a method of a model."""
    return target.send("POST", f"/{{v}}/models/{model or target.model}:{method}", json=body)


def count(target: Target, body: dict[str, Any], *, model: str = "") -> Reply:
    """Count the tokens of a body.

    Raises:
        Untestable: if the server counts none, whatever the model.
    """
    reply = ask(target, body, method="countTokens", model=model)
    if reply.status == 404 and not target.known.get("counts"):
        there(ask(target, contents({"text": "hi"}), method="countTokens"))
    target.known["counts"] = True
    return reply


def interact(target: Target, body: dict[str, Any], **headers: str) -> Reply:
    """Create an interaction; the model is the target's unless the body names one."""
    return target.send("POST", "/{v}/interactions", json={"model": target.model, **body}, headers=headers)


def interaction(target: Target, body: dict[str, Any]) -> dict[str, Any]:
    """Create an interaction and hand it out.

    Raises:
        Untestable: if that fails.
    """
    reply = interact(target, body)
    made = _object(reply)
    if reply.status != 200 or not isinstance(made.get("id"), str):
        unmet("the interaction was not created", reply)
    return made


def word(value: Any) -> str:
    """A token or an id that the server made up, as it stands in a query."""
    return quote(str(value), safe="")


def moment(value: dict[str, Any], name: str) -> datetime:
    """A time in an answer; a failure of the check if it is none."""
    text = dig(value, name)
    found = _RFC_3339.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        broken(f"{name} in RFC 3339", text)
    zone = "+00:00" if found["zone"] == "Z" else found["zone"]
    return datetime.fromisoformat(f"{found['whole']}{zone}")


def dig(value: Any, *path: str | int) -> Any:
    """``value[a][b]...`` of an answer; a failure of the check that shows the value if that is not there."""
    here: Any = value
    for index, key in enumerate(path):
        in_object = isinstance(key, str) and isinstance(here, dict) and key in here
        in_list = isinstance(key, int) and isinstance(here, list) and -len(here) <= key < len(here)
        if not (in_object or in_list):
            broken(f"a value at {_spelled(path[: index + 1])}", value)
        place: Any = key
        here = here[place]
    return here


def _spelled(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
