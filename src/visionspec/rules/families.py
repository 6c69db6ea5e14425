"""Which family a model name belongs to, and which media resolutions that family has.

A family is the unit in which the sources state token rules: "1.0", "1.5", "2.0", "2.5", "3" (every 3.x), "4",
and two models beside Gemini that take pictures through the same API: "gemma-4" and "lyria-3".
"""

from __future__ import annotations

import functools
import re
from typing import Literal, TypeAlias, get_args

from visionspec._registry import rule
from visionspec.errors import InvalidModel, InvalidResolution, show
from visionspec.rules._check import check_word

Level: TypeAlias = Literal["low", "medium", "high", "ultra_high"]
Scope: TypeAlias = Literal["part", "request"]

FAMILIES = ("1.0", "1.5", "2.0", "2.5", "3", "4", "gemma-4", "lyria-3")
PATCH_FAMILIES = frozenset({"3", "4", "gemma-4"})
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "ultra_high")

_PREFIX = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/google/)?(?:models/)?")
_VERSION = re.compile(r"gemini-(?:live-)?([0-9]{1,2}(?:\.[0-9]{1,2})?)(?:[-@][\w.@-]*)?", re.ASCII)
_OTHER = re.compile(r"(gemma-4|lyria-3)(?:-[\w.-]*)?", re.ASCII)
_MAX_NAME_LENGTH = 200  # no published name is near it, and only names up to it enter the cache

# Names without a Gemini version in them: rule tokens.family-alias says where each comes from.
_FAMILY_OF_NAME = {
    "gemini-pro": "1.0",
    "gemini-pro-vision": "1.0",
    "gemini-flash-latest": "3",
    "gemini-flash-lite-latest": "3",
    "gemini-pro-latest": "3",
    "gemini-nano-banana-2.1": "3",
    "nano-banana-pro-preview": "3",
    "gemini-robotics-er-1.5-preview": "2.5",
    "gemini-robotics-er-1.6-preview": "3",
    "gemini-robotics-er-2-preview": "3",
    "gemini-robotics-er-2-streaming-preview": "3",
}

_LEVELS_OF_FAMILY: dict[str, tuple[Level, ...]] = {
    "2.0": ("low", "medium", "high"),
    "2.5": ("low", "medium", "high"),
    "3": LEVELS,
    "4": LEVELS,
}
_PER_PART = frozenset({"3", "4"})


def bare_name(model: str) -> str:
    """The name without ``models/``, ``publishers/google/models/`` and what may stand before them."""
    return _PREFIX.sub("", model, count=1)


@rule("tokens.family", "tokens.family-alias", "tokens.model-unknown")
def family_of(model: str) -> str:
    """The family of a model name, with or without ``models/`` before it.

    Raises:
        InvalidModel: if the name is of no family whose image tokens are known.
    """
    if not isinstance(model, str) or len(model) > _MAX_NAME_LENGTH:
        raise _unknown(model)
    return _family_of(model)


@functools.lru_cache(maxsize=256)
def _family_of(model: str) -> str:
    name = bare_name(model)
    if name in _FAMILY_OF_NAME:
        return _FAMILY_OF_NAME[name]
    if other := _OTHER.fullmatch(name):
        return other[1]
    if versioned := _VERSION.fullmatch(name):
        version = versioned[1]
        major = version.partition(".")[0]
        family = major if major in ("3", "4") else version  # below 3 the minor version counts
        if family in FAMILIES:
            return family
    raise _unknown(model)


def _unknown(model: object) -> InvalidModel:
    return InvalidModel(
        f"{show(model)} names no family whose image tokens are known: {', '.join(FAMILIES)}",
        rule="tokens.model-unknown",
        given=model,
    )


@rule(
    "tokens.resolution-names",
    "tokens.resolution-of-family",
    "tokens.resolution-needs-model",
    "tokens.resolution-ultra-high-per-part",
    "tokens.resolution-per-part",
)
def check_resolution(family: str | None, level: str | None, *, scope: Scope | None = None) -> Level | None:
    """The canonical name of a media resolution that ``family`` has, or None for unspecified.

    Args:
        family: as `family_of` gives it; None where no model is named.
        level: ``low``, ``medium``, ``high``, ``ultra_high`` or ``unspecified``, in any case, with or without
            ``MEDIA_RESOLUTION_`` before it; None is unspecified.
        scope: "request" for the setting of a whole request, "part" for that of one part or content item; None
            accepts what either of them has.

    Raises:
        InvalidResolution: if there is no such level, or not in this family, or not in this scope.
        InvalidModel: if there is no such family.
        InvalidInput: if there is no such scope.
    """
    if family is not None and not (isinstance(family, str) and family in FAMILIES):
        raise _unknown(family)
    if scope is not None:
        check_word(scope, get_args(Scope), "scope", "tokens.resolution-per-part")
    found = _canonical(level)
    if found is None:
        return None
    if family is None:
        raise InvalidResolution(
            f"media resolution {show(level)} without a model: name the model, "
            "the same word is 66 tokens on 2.5 and a budget of 280 on 3",
            rule="tokens.resolution-needs-model",
            given=level,
        )
    levels = _LEVELS_OF_FAMILY.get(family, ())
    if found not in levels:
        has = f"only {', '.join(levels)}" if levels else "none"
        raise InvalidResolution(
            f"media resolution {show(level)}: family {family} has {has}",
            rule="tokens.resolution-of-family",
            given=level,
        )
    if scope == "request" and found == "ultra_high":
        raise InvalidResolution(
            f"media resolution {show(level)} can be set for one part only, not for a request",
            rule="tokens.resolution-ultra-high-per-part",
            given=level,
        )
    if scope == "part" and family not in _PER_PART:
        raise InvalidResolution(
            f"media resolution {show(level)}: family {family} takes it for a whole request, not for one part",
            rule="tokens.resolution-per-part",
            given=level,
        )
    return found


def _canonical(level: str | None) -> Level | None:
    if level is None:
        return None
    if isinstance(level, str):
        word = level.lower().removeprefix("media_resolution_")
        if word == "unspecified":
            return None
        for known in LEVELS:
            if word == known:
                return known
    raise InvalidResolution(
        f"media resolution {show(level)} is none of {', '.join(LEVELS)}, unspecified",
        rule="tokens.resolution-names",
        given=level,
    )
