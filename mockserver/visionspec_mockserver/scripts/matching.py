"""A request against the conditions of a script, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from visionspec.errors import show
from visionspec_mockserver.scripts.expressions import found, globbed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from visionspec_mockserver.scripts.models import ImageMatch, Text, When
    from visionspec_mockserver.scripts.parts import Range


class Look(NamedTuple):
    """An image of a request. ``dhash`` is None where no script asks for it, or it cannot be decoded."""

    sha256: str
    mime_type: str
    width_px: int
    height_px: int
    dhash: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a request says, in the words of the conditions."""

    endpoint: str
    model: str
    text: str
    system: str
    images: Sequence[Look] = ()
    previous_id: str | None = None
    previous_script: str | None = None


class Condition(NamedTuple):
    """One field of a script, and what the request had there."""

    field: str
    wanted: str
    got: str
    met: bool


def conditions(when: When, facts: Facts) -> Iterator[Condition]:
    """All that can be said of one request alone; ``after`` and ``call`` depend on others."""
    if when.endpoint is not None:
        yield Condition(
            "endpoint", " or ".join(when.endpoint), facts.endpoint, facts.endpoint in when.endpoint
        )
    if when.model is not None:
        fits = any(globbed(name.removeprefix("models/"), facts.model) for name in when.model)
        yield Condition("model", " or ".join(when.model), facts.model, fits)
    for name, text, given in (("text", when.text, facts.text), ("system", when.system, facts.system)):
        if text is not None:
            yield from _text(name, text, given)
    if when.image_count is not None:
        count = len(facts.images)
        yield Condition("image_count", ranged(when.image_count), str(count), when.image_count.has(count))
    if when.image is not None:
        yield from _any_image(when.image, facts.images)
    if when.images is not None:
        count = len(facts.images)
        yield Condition("images", f"{len(when.images)} of them", str(count), len(when.images) == count)
        for at, (match, look) in enumerate(zip(when.images, facts.images, strict=False)):
            yield from _image(f"images[{at}]", match, look)
    if when.previous is not None:
        yield _previous(when, facts)


def ranged(numbers: Range) -> str:
    """The range in words."""
    if numbers.min == numbers.max:
        return str(numbers.min)
    if numbers.max is None:
        return f"{numbers.min} or more"
    return f"{numbers.min} to {numbers.max}" if numbers.min else f"at most {numbers.max}"


def _text(name: str, text: Text, given: str) -> Iterator[Condition]:
    plain = given.casefold() if text.ignore_case else given

    def fold(wanted: str) -> str:
        return wanted.casefold() if text.ignore_case else wanted

    if text.exact is not None:
        yield Condition(f"{name}.exact", show(text.exact), show(given), plain == fold(text.exact))
    for part in text.contains or ():
        yield Condition(f"{name}.contains", show(part), show(given), fold(part) in plain)
    if text.regex is not None:
        fits = found(text.regex, given, ignore_case=text.ignore_case)
        yield Condition(f"{name}.regex", show(text.regex), show(given), fits)


def _any_image(match: ImageMatch, looks: Sequence[Look]) -> Iterator[Condition]:
    """The conditions of the image that meets most of them."""
    if not looks:
        yield Condition("image", "an image", "none", met=False)
        return
    tried = [list(_image(f"image[{at}]", match, look)) for at, look in enumerate(looks)]
    yield from min(tried, key=lambda one: sum(not condition.met for condition in one))


def _image(where: str, match: ImageMatch, look: Look) -> Iterator[Condition]:
    if match.sha256 is not None:
        yield Condition(f"{where}.sha256", match.sha256, look.sha256, match.sha256 == look.sha256)
    if match.same_as is not None:
        wanted = match.same_as.sha256
        yield Condition(f"{where}.same_as", wanted, look.sha256, wanted == look.sha256)
    if match.like is not None:
        yield _like(f"{where}.like", match, look)
    if match.mime_type is not None:
        fits = look.mime_type in match.mime_type
        yield Condition(f"{where}.mime_type", " or ".join(match.mime_type), look.mime_type, fits)
    for name in ("width_px", "height_px"):
        numbers, given = getattr(match, name), getattr(look, name)
        if numbers is not None:
            yield Condition(f"{where}.{name}", ranged(numbers), str(given), numbers.has(given))


def _like(where: str, match: ImageMatch, look: Look) -> Condition:
    like: Any = match.like
    wanted = f"{like.dhash} within {like.distance} bits"
    if look.dhash is None:
        return Condition(where, wanted, "an image that cannot be decoded", met=False)
    apart = (look.dhash ^ int(like.dhash, 16)).bit_count()
    return Condition(where, wanted, f"{look.dhash:016x}, {apart} bits away", apart <= like.distance)


def _previous(when: When, facts: Facts) -> Condition:
    got = facts.previous_id or "none"
    if isinstance(when.previous, bool):
        wanted = "an interaction" if when.previous else "none"
        return Condition("previous", wanted, got, when.previous is (facts.previous_id is not None))
    if when.previous is not None and when.previous.script is not None:
        script = facts.previous_script or "no script"
        return Condition(
            "previous.script", when.previous.script, script, when.previous.script == facts.previous_script
        )
    wanted_id = when.previous.id if when.previous is not None else None
    return Condition("previous.id", str(wanted_id), got, wanted_id == facts.previous_id)
