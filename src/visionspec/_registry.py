"""Which function decides which rule: a name on a list, never a wrapper around the function."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

F = TypeVar("F", bound="Callable[..., object]")

_functions: dict[str, list[str]] = {}


def rule(*ids: str) -> Callable[[F], F]:
    """Mark a function as one that decides the rules ``ids`` of ``spec/rules``."""

    def register(function: F) -> F:
        name = f"{function.__module__}.{function.__qualname__}"
        for rule_id in ids:
            _functions.setdefault(rule_id, []).append(name)
        return function

    return register


def functions() -> Mapping[str, list[str]]:
    """Rule id -> dotted names of the functions that decide it, for all modules imported so far."""
    return _functions
