"""The store of a server that keeps nothing: a `SqliteStore` in a temporary directory that goes with it.

Memory stays bounded that way whatever is sent, a 2 GB upload or ten thousand interactions with pictures in
them, and there is one store to trust instead of two.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import to_thread

from visionspec_mockserver.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from visionspec_mockserver.sources import Clock


class MemoryStore(SqliteStore):
    """A `Store` that ends with its process."""

    def __init__(self, *, clock: Clock) -> None:
        directory = Path(tempfile.mkdtemp(prefix="visionspec-"))
        # A finalizer and no TemporaryDirectory: whoever forgets close() shall not be told so by a warning.
        self._remove = weakref.finalize(self, shutil.rmtree, directory, ignore_errors=True)
        super().__init__(directory, clock=clock, durable=False)

    async def close(self) -> None:
        await super().close()
        await to_thread.run_sync(self._remove)
