"""What to say about an image, or a request, before it is sent. Nothing here refuses: it explains."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from visionspec._registry import rule
from visionspec.errors import InvalidInput, InvalidMedia, InvalidResolution, LimitExceeded, show
from visionspec.rules import limits, media
from visionspec.rules.requests import detect_dialect, member, string_member, turns
from visionspec.rules.sharpness import BLURRED_BELOW, sharpness
from visionspec.rules.tokens import family_of, image_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from visionspec.rules.media import ImageInfo
    from visionspec.rules.requests import Dialect, Part, Turn
    from visionspec.rules.tokens import Basis, TokenEstimate

    Look: TypeAlias = "Callable[..., Iterable[Finding]]"  # called as lint_image is

Level: TypeAlias = Literal["MUST", "SHOULD", "MAY"]

# The level of every rule that a finding can name; a test compares it with spec/rules.
_LEVELS: Mapping[str, Level] = {
    "advice.base64-in-text": "SHOULD",
    "advice.files-api": "SHOULD",
    "advice.orientation": "SHOULD",
    "advice.sharpness": "SHOULD",
    "advice.text-order": "SHOULD",
    "advice.tile-boundary": "MAY",
    "limits.image-count": "MUST",
    "limits.image-count-1-0": "MUST",
    "limits.inline-request": "MUST",
    "limits.url-input-family": "MUST",
    "limits.url-input-type": "MUST",
    "media.complete": "MUST",
    "media.corrupt": "MUST",
    "media.declared-matches": "SHOULD",
    "media.declared-type": "MUST",
    "media.inline-base64": "MUST",
    "media.refused-by-name": "MUST",
    "media.supported-types": "MUST",
    "media.truncated": "MUST",
}

_STORED = {
    2: "mirrored",
    3: "upside down",
    4: "upside down and mirrored",
    5: "lying on the side and mirrored",
    6: "lying on the left side",
    7: "lying on the side and mirrored",
    8: "lying on the right side",
}

_FEW_PX = 16
MAX_WITHIN_PX = 768  # all sizes so near are tried; one that is further off than a tile is another picture
_API_HOST = "generativelanguage.googleapis.com"
_BASE64_IMAGE = re.compile(r"(?:data:image/[\w.+-]+;base64,|iVBORw0KGgo|/9j/|UklGR)[\w+/=-]{1000}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth saying.

    Attributes:
        rule: id of the rule.
        level: MUST if the request is wrong, SHOULD if it is unwise, MAY if it only could be better.
        message: what was found and what to do about it.
        where: the image, or the path in the request's body.
    """

    rule: str
    level: Level
    message: str
    where: str


@rule("advice.orientation", "advice.sharpness", "advice.files-api")
def lint_image(
    data: bytes,
    *,
    where: str = "image",
    mime_type: str | None = None,
    model: str | None = None,
    resolution: str | None = None,
    basis: Basis | None = None,
) -> list[Finding]:
    """Find what is wrong or unwise about an image file.

    Args:
        data: the whole file.
        where: what to call it.
        mime_type: as it would be declared; None to leave that open.
        model: the model that would be asked; decides how tokens are counted.
        resolution: media resolution, see `visionspec.rules.tokens.image_tokens`.
        basis: see there too.

    Raises:
        InvalidInput: if the data is no bytes, or there is no such basis.
    """
    data = media.as_bytes(data)
    findings = list(_image(data, where, mime_type, (_known(model), resolution, basis)))
    inline_bytes = (len(data) + 2) // 3 * 4
    if error := _refused(limits.check_inline_size, inline_bytes):
        message = f"{_plain(error)} as base64, prompt not counted: upload it with the Files API"
        findings.append(_finding("advice.files-api", message, where))
    return findings


@rule("advice.files-api", "advice.base64-in-text")
def lint_request(
    body: Mapping[str, Any],
    *,
    dialect: Dialect | None = None,
    model: str | None = None,
    basis: Basis | None = None,
    size_bytes: int | None = None,
    look: Look | None = None,
) -> list[Finding]:
    """Find what is wrong or unwise about the body of a request.

    Args:
        body: the parsed JSON; keys in snake_case or camelCase.
        dialect: None to tell it by the body.
        model: None to take the body's own; generateContent has it in the URL.
        basis: see `visionspec.rules.tokens.image_tokens`.
        size_bytes: of the body as it is sent; None to take that of the most compact JSON.
        look: what is asked about an inline image instead of `lint_image`, as somebody does who remembers
            what it said.

    Raises:
        InvalidInput: if the body is a request of neither dialect, or no JSON; if there is no such dialect or
            basis; if the size is no whole number.
    """
    dialect = detect_dialect(body) if dialect is None else dialect
    model = _known(string_member(body, "model") if model is None else model)
    resolution = string_member(member(body, "generation_config"), "media_resolution")
    findings: list[Finding] = []
    first_at: dict[str, str] = {}
    count, inline = 0, False
    for turn in turns(body, dialect):
        findings += check_text_order(turn, dialect)
        for part in turn.parts:
            if part.kind == "text":
                findings += _text(part)
            elif part.kind == "image":
                count, inline = count + 1, inline or part.data is not None
                findings += _part(part, first_at, (model, part.resolution or resolution, basis), look)
    findings += _said(_refused(limits.check_image_count, count, model=model), "body")
    if inline:
        findings += _inline_size(body, size_bytes)
    return findings


@rule("advice.text-order")
def check_text_order(turn: Turn, dialect: Dialect) -> list[Finding]:
    """Find a prompt on the other side of a single image than the dialect's page advises.

    interactions: text before the image; generateContent: text after it. Text on both sides is let be, and so
    is a turn with more than one image.
    """
    images = [index for index, part in enumerate(turn.parts) if part.kind == "image"]
    texts = [index for index, part in enumerate(turn.parts) if part.text.strip()]
    if turn.role == "model" or len(images) != 1 or not texts:
        return []
    before = dialect == "interactions"
    if texts[0] < images[0] if before else texts[-1] > images[0]:
        return []
    now, advised = ("after", "before") if before else ("before", "after")
    message = f"the prompt stands {now} the single image; for {dialect} it is advised to stand {advised} it"
    return [_finding("advice.text-order", message, turn.where)]


@rule("advice.tile-boundary")
def cheaper_size(
    width_px: int,
    height_px: int,
    *,
    within_px: int = _FEW_PX,
    model: str | None = None,
    resolution: str | None = None,
    basis: Basis | None = None,
) -> TokenEstimate | None:
    """Name the nearest smaller size that costs fewer tokens, if tiles are counted and it is near.

    Args:
        width_px: as displayed.
        height_px: as displayed.
        within_px: how many pixels, of width and height together, may go.
        model: see `visionspec.rules.tokens.image_tokens`, as are the rest.
        resolution: media resolution.
        basis: documented or observed.

    Returns:
        The estimate of that size. Among equally near ones the cheapest, then the one that keeps the width.

    Raises:
        InvalidInput: as `visionspec.rules.tokens.image_tokens` does; if ``within_px`` is no integer in 0..768.
    """
    if type(within_px) is not int or not 0 <= within_px <= MAX_WITHIN_PX:
        raise InvalidInput(
            f"within {show(within_px)} px is no integer in 0..{MAX_WITHIN_PX}",
            rule="advice.tile-boundary",
            given=within_px,
        )
    now = image_tokens(width_px, height_px, model=model, resolution=resolution, basis=basis)
    for cut in range(1, within_px + 1) if now.tiles not in (None, 1) else ():
        nearest = [
            image_tokens(width_px - dx, height_px - cut + dx, model=model, resolution=resolution, basis=basis)
            for dx in range(cut + 1)
            if width_px > dx and height_px > cut - dx
        ]
        best = min(nearest, key=lambda estimate: estimate.tokens, default=now)
        if best.tokens < now.tokens:
            return best
    return None


_Counting: TypeAlias = "tuple[str | None, str | None, Basis | None]"  # model, resolution, basis


def _known(model: str | None) -> str | None:
    """The model, if rules depend on it: a name of no known family is for the server to refuse."""
    return model if model is not None and _refused(family_of, model) is None else None


def _finding(rule_id: str, message: str, where: str) -> Finding:
    return Finding(rule_id, _LEVELS[rule_id], message, where)


def _refused(check: Callable[..., object], *args: Any, **named: Any) -> InvalidInput | None:
    try:
        check(*args, **named)
    except InvalidInput as error:
        return error
    return None


def _plain(error: InvalidInput) -> str:
    return str(error).removesuffix(f" [rule {error.rule}]")


def _said(error: InvalidInput | None, where: str) -> Iterator[Finding]:
    if error is not None and error.rule is not None:
        yield _finding(error.rule, _plain(error), where)


def _image(data: bytes, where: str, mime_type: str | None, counting: _Counting) -> Iterator[Finding]:
    refused = None if mime_type is None else _refused(media.check_declared, mime_type)
    if refused:
        yield from _said(refused, where)
    try:
        info = media.read_info(data)
    except InvalidMedia as error:
        yield from _said(error, where)
        return
    if mime_type is not None and not refused:
        yield from _said(_refused(media.check_matches, mime_type, data), where)
    if info.orientation != 1:
        width_px, height_px = info.displayed_size
        message = (
            f"orientation {info.orientation}: the pixels are stored {_STORED[info.orientation]}. Boxes refer "
            f"to the image as displayed, {width_px}x{height_px} px: turn them and drop the tag"
        )
        yield _finding("advice.orientation", message, where)
    yield from _tiles(info, where, counting)
    if info.missing is not None:
        yield _finding("media.complete", f"the file is cut off; it lacks {info.missing}", where)
    else:
        yield from _sharpness(data, where)


def _tiles(info: ImageInfo, where: str, counting: _Counting) -> Iterator[Finding]:
    model, resolution, basis = counting
    width_px, height_px = info.displayed_size
    try:
        now = image_tokens(width_px, height_px, model=model, resolution=resolution, basis=basis)
        less = cheaper_size(width_px, height_px, model=model, resolution=resolution, basis=basis)
    except InvalidResolution:  # for the server to refuse
        return
    if less is not None:
        message = (
            f"{width_px}x{height_px} px are {now.tiles} tiles, {now.tokens} tokens; cropped or scaled to "
            f"{less.width_px}x{less.height_px} px they are {less.tiles}, {less.tokens} tokens ({now.rule})"
        )
        yield _finding("advice.tile-boundary", message, where)


def _sharpness(data: bytes, where: str) -> Iterator[Finding]:
    try:
        share = sharpness(data)
    except OSError as error:
        yield _finding("media.corrupt", str(error), where)
        return
    if share is not None and share < BLURRED_BELOW:
        message = (
            f"looks blurred: the steepest step of its strongest edges covers {share:.2f} of their height; "
            f"sharp pictures reach {BLURRED_BELOW:.2f} and more"
        )
        yield _finding("advice.sharpness", message, where)


def _text(part: Part) -> Iterator[Finding]:
    if _BASE64_IMAGE.search(part.text):
        message = (
            "a base64 image stands in a text, where it is read as text and costs about a token per 3 bytes"
        )
        yield _finding("advice.base64-in-text", message, part.where)


def _part(part: Part, first_at: dict[str, str], counting: _Counting, look: Look | None) -> Iterator[Finding]:
    if part.data is None:
        yield from _reference(part, counting[0])
        return
    first = first_at.setdefault(part.data, part.where)
    if first != part.where:
        message = f"the same image is already inline at {first}: upload it once with the Files API"
        yield _finding("advice.files-api", message, part.where)
        return
    try:
        data = media.decode_base64(part.data)
    except InvalidMedia as error:
        yield from _said(error, part.where)
        return
    if look is None:
        yield from _image(data, part.where, part.mime_type, counting)
        return
    model, resolution, basis = counting
    yield from look(
        data, where=part.where, mime_type=part.mime_type, model=model, resolution=resolution, basis=basis
    )


def _reference(part: Part, model: str | None) -> Iterator[Finding]:
    external = _is_external(part.uri)
    if external:
        yield from _said(_refused(limits.check_url_input, 0, model=model), part.where)
    if part.mime_type is None or (external and part.mime_type in limits.URL_MIME_TYPES):
        return
    refused = _refused(media.check_declared, part.mime_type)
    if external and not refused:
        refused = _refused(limits.check_url_input, 0, mime_type=part.mime_type)
    yield from _said(refused, part.where)


def _is_external(uri: str | None) -> bool:
    """Whether the API has to fetch ``uri`` from the web, rather than from its own files."""
    try:
        scheme, host = (parts := urlsplit(uri or "")).scheme, parts.hostname
    except ValueError:  # no URL at all
        return False
    return scheme in ("http", "https") and host != _API_HOST


def _inline_size(body: Mapping[str, Any], size_bytes: int | None) -> Iterator[Finding]:
    if size_bytes is None:
        try:
            compact = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidInput(f"the body is no JSON: {error}", given=body) from error
        size_bytes = len(compact.encode("utf-8", "replace"))
    try:
        limits.check_inline_size(size_bytes)
    except LimitExceeded as error:
        message = f"{_plain(error)}: upload the images with the Files API and refer to them"
        yield _finding("limits.inline-request", message, "body")
