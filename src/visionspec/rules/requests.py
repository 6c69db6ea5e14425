"""The texts and images of a request body, in the order in which they are sent, whatever the API dialect.

Both dialects are read leniently: any key in snake_case or camelCase, an object where a list is due, and
whatever is of no known kind is passed over. What is wrong is for `visionspec.rules.advice` to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

from visionspec.errors import InvalidInput, show
from visionspec.rules._check import check_word

if TYPE_CHECKING:
    from collections.abc import Iterator

Dialect: TypeAlias = Literal["interactions", "generateContent"]


class Part(NamedTuple):
    """One text, image or other thing of a request.

    Attributes:
        kind: an image is what is declared as one, or of no declared kind and given inline.
        where: path in the body, e.g. ``contents[0].parts[1].inline_data``.
        text: of a text.
        mime_type: as declared.
        data: base64, of an image given inline.
        uri: of an image given by reference.
        resolution: media resolution of this part alone.
    """

    kind: Literal["text", "image", "other"]
    where: str
    text: str = ""
    mime_type: str | None = None
    data: str | None = None
    uri: str | None = None
    resolution: str | None = None


class Turn(NamedTuple):
    """What one side says at a time."""

    where: str
    role: str
    parts: tuple[Part, ...]


def detect_dialect(body: Mapping[str, Any]) -> Dialect:
    """Tell the dialect of a request by its one key that the other has not.

    Raises:
        InvalidInput: if it has neither ``input`` nor ``contents``, or both, or is no JSON object.
    """
    _check_object(body)
    has_input, has_contents = "input" in body, "contents" in body
    if has_input == has_contents:
        raise InvalidInput(
            "a request has either 'input' (interactions) or 'contents' (generateContent); "
            f"this has {'both' if has_input else f'only {show(sorted(map(str, body)))}'}",
            given=sorted(map(str, body)),
        )
    return "interactions" if has_input else "generateContent"


def turns(body: Mapping[str, Any], dialect: Dialect) -> Iterator[Turn]:
    """Yield the turns of a request in order.

    Raises:
        InvalidInput: if the body is no JSON object, or there is no such dialect.
    """
    _check_object(body)
    check_word(dialect, get_args(Dialect), "dialect", None)
    if dialect == "interactions":
        return _interaction_turns(body.get("input"))
    return _content_turns(body.get("contents"))


def _check_object(body: Any) -> None:
    if not isinstance(body, Mapping):
        raise InvalidInput(f"the body of a request is a JSON object, not {show(body)}", given=body)


def member(thing: Any, snake: str) -> Any:
    """Return the member of a JSON object by its name in snake_case or camelCase; None if it has none."""
    return thing.get(_spelling(thing, snake)) if isinstance(thing, dict) else None


def string_member(thing: Any, snake: str) -> str | None:
    """Return the member if it is a string, else None."""
    value = member(thing, snake)
    return value if isinstance(value, str) else None


def _spelling(thing: Mapping[str, Any], snake: str) -> str:
    head, *tail = snake.split("_")
    return snake if snake in thing else head + "".join(word.capitalize() for word in tail)


def _each(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        yield from ((f"{where}[{index}]", item) for index, item in enumerate(value))
    elif value is not None:
        yield where, value


def _content_turns(contents: Any) -> Iterator[Turn]:
    for where, content in _each(contents, "contents"):
        parts = _each(member(content, "parts"), f"{where}.parts")
        yield Turn(
            where, string_member(content, "role") or "user", tuple(_part(part, at) for at, part in parts)
        )


def _part(part: Any, where: str) -> Part:
    text = string_member(part, "text")
    if text is not None:
        return Part("text", where, text)
    resolution = string_member(member(part, "media_resolution"), "level")
    for key, source in (("inline_data", "data"), ("file_data", "file_uri")):
        blob = member(part, key)
        if isinstance(blob, dict):
            where = f"{where}.{_spelling(part, key)}"
            mime_type, given = string_member(blob, "mime_type"), string_member(blob, source)
            if not _is_image(mime_type, inline=key == "inline_data"):
                return Part("other", where, mime_type=mime_type)
            data, uri = (given, None) if key == "inline_data" else (None, given)
            return Part("image", where, mime_type=mime_type, data=data, uri=uri, resolution=resolution)
    return Part("other", where)


def _is_image(mime_type: str | None, *, inline: bool) -> bool:
    if mime_type is None:
        return inline
    kind, slash, _ = mime_type.partition("/")
    return kind.strip().lower() == "image" or not slash  # "png" is an image with a bad name


def _interaction_turns(given: Any) -> Iterator[Turn]:
    loose: list[Part] = []  # texts and images that stand beside each other without a step around them
    for where, item in _each(given, "input"):
        if isinstance(item, dict) and "content" in item:
            role = (
                "model" if member(item, "role") == "model" or item.get("type") == "model_output" else "user"
            )
            content = tuple(_content(part, at) for at, part in _each(item["content"], f"{where}.content"))
            yield Turn(where, role, content)
        else:
            loose.append(_content(item, where))
    if loose:
        yield Turn("input", "user", tuple(loose))


def _content(item: Any, where: str) -> Part:
    if isinstance(item, str):
        return Part("text", where, item)
    kind = string_member(item, "type")
    if kind == "text":
        return Part("text", where, string_member(item, "text") or "")
    if kind != "image":
        return Part("other", where)
    return Part(
        "image",
        where,
        mime_type=string_member(item, "mime_type"),
        data=string_member(item, "data"),
        uri=string_member(item, "uri"),
        resolution=string_member(item, "resolution"),
    )
