"""The images of a request: fetched from the body, a file or the URL map, checked, measured and counted."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import anyio.to_thread

from visionspec.errors import InvalidInput, InvalidMedia, LimitExceeded, UnsupportedMedia
from visionspec.rules.families import Scope, check_resolution
from visionspec.rules.limits import MAX_URL_INPUT_BYTES, check_image_count, check_url_input
from visionspec.rules.media import check_declared, read_info, sniff
from visionspec.rules.tokens import image_tokens, patch_grid
from visionspec_mockserver.http import ApiFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visionspec.rules.media import ImageInfo
    from visionspec_mockserver.catalog import Entry
    from visionspec_mockserver.settings import Settings
    from visionspec_mockserver.store.base import Store

_HASH_IN_THREAD_FROM_BYTES = 1024 * 1024  # a millisecond or more
_KNOWN_BYTES = 4 * 1024 * 1024
_END_BYTES = 64
_ENTRY_BYTES = 1000  # what is kept beside the bytes, about

# files/ID alone, or as a URL of the service or of this server, with or without :download.
_FILE = re.compile(
    r"(?:https?://(?P<host>[^/]+)/(?:v1|v1beta|v1alpha)/)?files/(?P<id>[a-z0-9-]{1,40})(?::download)?(?:\?.*)?"
)
_SERVICE = "generativelanguage.googleapis.com"

# Facts 2.18, 2.19, 3.7 and 3.8: the service's own sentences.
_NO_FILE = "You do not have permission to access the File {id} or it may not exist."
_NOT_ACTIVE = "The File {id} is not in an ACTIVE state and usage is not allowed."
_UNREADABLE = (
    "Unable to process input image. Please retry or report in "
    "https://developers.generativeai.google/guide/troubleshooting"
)
_NOT_FETCHED = (
    "Cannot fetch content from the provided URL. (visionspec: nothing leaves this machine; map {uri} with "
    "'visionspec run|serve --map URL=FILE' or PUT /_mock/urls)"
)


class Source(NamedTuple):
    """An image as a request gives it: ``where`` in it; ``scope`` says whose the resolution is.

    ``budget`` is what Python's SDK calls ``num_tokens``: a resolution in tokens instead of a name.
    """

    where: str
    data: bytes | None = None
    uri: str | None = None
    mime_type: str | None = None
    resolution: str | None = None
    scope: Scope = "part"
    budget: int | None = None


@dataclass(slots=True)  # not frozen: see Ask
class Picture:
    """An image that can be looked at; its size is the displayed one."""

    data: bytes
    sha256: str
    mime_type: str
    width_px: int
    height_px: int
    tokens: int
    rule: str

    def facts(self) -> dict[str, object]:
        """What the log keeps of it."""
        return {
            "sha256": self.sha256,
            "mime_type": self.mime_type,
            "size_bytes": len(self.data),
            "width_px": self.width_px,
            "height_px": self.height_px,
            "tokens": self.tokens,
            "rule": self.rule,
        }


class Found(NamedTuple):
    """What does not depend on the question."""

    data: bytes
    sha256: str
    info: ImageInfo


class Known:
    """What was found of the last pictures, in at most `_KNOWN_BYTES`: tests send the same ones over and over.

    A picture is looked up by its end, which no two of a kind have in common, and compared as a whole: that is
    much less work than a digest.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, Found] = OrderedDict()
        self._size_bytes = 0

    def get(self, data: bytes) -> Found | None:
        """What was found of a picture with exactly these bytes."""
        found = self._found.get(data[-_END_BYTES:])
        return found if found and found.data == data else None

    def put(self, found: Found) -> None:
        """Keep it; the oldest ones make room."""
        end = found.data[-_END_BYTES:]
        if end in self._found:
            self._size_bytes -= len(self._found.pop(end).data) + _ENTRY_BYTES
        self._found[end] = found
        self._size_bytes += len(found.data) + _ENTRY_BYTES
        while self._size_bytes > _KNOWN_BYTES:
            self._size_bytes -= len(self._found.popitem(last=False)[1].data) + _ENTRY_BYTES


class Holder(Protocol):
    """Who has images: a server."""

    settings: Settings
    store: Store
    urls: dict[str, Path | bytes]
    known: Known


async def load(mock: Holder, model: Entry, sources: Sequence[Source], *, host: str) -> list[Picture]:
    """The images of ``sources``, in order.

    Raises:
        ApiFault: in the service's words, if there are too many or one of them is no image to be had.
    """
    try:
        check_image_count(len(sources), model=model.name)
    except LimitExceeded as error:
        raise ApiFault(400, str(error).partition(":")[0]) from None  # the sentence that was observed, no more
    return [await _load(mock, model, source, host) for source in sources]


async def _load(mock: Holder, model: Entry, source: Source, host: str) -> Picture:
    if source.data is not None and source.uri is not None:
        raise ApiFault(400, f"'data' and 'uri' of {source.where} exclude each other.")
    declared = _declared(source.mime_type) if source.mime_type else None
    if source.data is not None:
        data = source.data
    elif source.uri:
        data, found = await _fetch(mock, model, source.uri, host)
        declared = declared or found
    else:
        raise ApiFault(400, f"{source.where} has neither 'data' nor 'uri'.")
    seen = mock.known.get(data) or await _examine(mock, data)
    width_px, height_px = seen.info.displayed_size
    tokens, rule = _tokens(mock, model, source, width_px, height_px)
    return Picture(seen.data, seen.sha256, declared or seen.info.mime_type, width_px, height_px, tokens, rule)


async def _examine(mock: Holder, data: bytes) -> Found:
    try:
        info = read_info(data)
    except InvalidMedia:
        raise unreadable() from None
    if len(data) < _HASH_IN_THREAD_FROM_BYTES:
        digest = hashlib.sha256(data)
    else:
        digest = await anyio.to_thread.run_sync(hashlib.sha256, data)
    found = Found(data, digest.hexdigest(), info)
    mock.known.put(found)
    return found


def unreadable() -> ApiFault:
    """What is said of pixels that cannot be decoded."""
    return ApiFault(400, _UNREADABLE)


def _declared(mime_type: str) -> str:
    try:
        return check_declared(mime_type)
    except UnsupportedMedia as error:
        raise ApiFault(400, f"Unsupported MIME type: {mime_type}", rule=error.rule) from None


def _tokens(mock: Holder, model: Entry, source: Source, width_px: int, height_px: int) -> tuple[int, str]:
    try:
        check_resolution(model.family, source.resolution, scope=source.scope)
        if source.budget is not None:
            check_resolution(
                model.family, "low", scope="part"
            )  # a family without levels has no budgets either
            return patch_grid(width_px, height_px, budget=source.budget).tokens, "tokens.budget-is-maximum"
        estimate = image_tokens(
            width_px, height_px, model=model.name, resolution=source.resolution, basis=mock.settings.basis
        )
    except InvalidInput as error:
        raise ApiFault(400, f"Media resolution is not enabled for models/{model.name}: {error}") from None
    return estimate.tokens, estimate.rule


async def _fetch(mock: Holder, model: Entry, uri: str, host: str) -> tuple[bytes, str | None]:
    match = _FILE.fullmatch(uri)
    if match and match["host"] in (None, _SERVICE, host):
        return await _file(mock, match["id"])
    mapped = mock.urls.get(uri)
    if mapped is None:
        if uri.startswith(("https://", "http://")):
            raise ApiFault(400, _NOT_FETCHED.format(uri=uri[:200]))
        raise ApiFault(400, f"Invalid or unsupported file uri: {uri[:200]}")
    if isinstance(mapped, Path):
        try:
            data = await anyio.to_thread.run_sync(_read, mapped)
        except OSError as error:
            raise ApiFault(
                400, f"Cannot fetch content from the provided URL. (visionspec: {mapped}: {error.strerror})"
            ) from None
    else:
        data = mapped
    mime_type = sniff(data)
    try:
        check_url_input(len(data), model=model.name, mime_type=mime_type)
    except UnsupportedMedia:
        raise ApiFault(400, f"Unsupported MIME type: {mime_type}") from None
    except InvalidInput:
        raise ApiFault(400, f"Invalid or unsupported file uri: {uri[:200]}") from None
    return data, mime_type


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_URL_INPUT_BYTES + 1)


async def _file(mock: Holder, file_id: str) -> tuple[bytes, str]:
    record = await mock.store.file(file_id)
    if record is None:
        raise ApiFault(403, _NO_FILE.format(id=file_id))
    if record.state != "ACTIVE":
        raise ApiFault(
            400,
            _NOT_ACTIVE.format(id=file_id),
            name="FAILED_PRECONDITION",
            code="failed_precondition",
            rule="files.not-active",
        )
    if (record.size_bytes or 0) > MAX_URL_INPUT_BYTES:
        raise unreadable()
    data = await mock.store.read_blob(file_id)
    if data is None:
        raise unreadable()
    return data, _declared(record.mime_type)
