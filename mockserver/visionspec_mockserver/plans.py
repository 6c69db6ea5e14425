"""What scripts and faults have in common: things to do, in an order, some added while the server runs."""

from __future__ import annotations

import itertools
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Entry(Protocol):
    """One thing of a plan, with its counts."""

    name: str

    def clear(self) -> None:
        """As if nothing had happened."""
        ...


E = TypeVar("E", bound=Entry)


class Plan(ABC, Generic[E]):
    """Entries that are tried in order, those that were added first. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._added: list[E] = []
        self._numbers = itertools.count(1)

    @abstractmethod
    def _made(self, values: Any) -> list[E]:
        """Entries of plain values; one without a name gets it from `_numbered`."""

    @abstractmethod
    def _all(self) -> Iterator[E]:
        """All entries, in the order in which they are tried."""

    def add(self, entry: Mapping[str, Any] | None = None, /, **fields: Any) -> E:
        """Add one behind those that were added before; what is returned has its counts.

        Raises:
            InvalidScript: if it cannot be used.
        """
        return self.extend([{**(entry or {}), **fields}])[0]

    def extend(self, entries: Iterable[Mapping[str, Any]]) -> list[E]:
        """Add several, all or none.

        Raises:
            InvalidScript: if one of them cannot be used.
        """
        with self._lock:
            made = self._made(list(entries))
            self._added = [*self._added, *made]
        return made

    def replace(self, entries: Any) -> None:
        """Put these in the place of all that were added.

        Raises:
            InvalidScript: if one of them cannot be used; nothing has changed then.
        """
        with self._lock:
            before, self._numbers = self._numbers, itertools.count(1)
            try:
                self._added = self._made(entries)
            except ValueError:
                self._numbers = before
                raise

    def remove(self, name: str) -> bool:
        """Remove what was added under this name; False where nothing was."""
        with self._lock:
            kept = [one for one in self._added if one.name != name]
            removed = len(kept) != len(self._added)
            self._added = kept
        return removed

    def clear(self) -> None:
        """Remove all that were added; those that the server was started with stay."""
        self.replace([])

    def reset(self) -> None:
        """As the server was started: nothing added, nothing counted."""
        with self._lock:
            self.clear()
            for one in self._all():
                one.clear()

    def _numbered(self) -> str:
        return f"added {next(self._numbers)}"
