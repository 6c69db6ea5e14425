"""The other end of an adapter's stdin and stdout, bounded in time and memory."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shlex
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from visionspec_conformance.judge import Broken, Untestable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import IO, Self

NOT_IMPLEMENTED = "NotImplemented"
MAX_LINE_BYTES = 64 * 1024 * 1024  # the longest answer: a list of masks as rows of a large frame
MAX_STARTS = 3  # an adapter that dies more often than it answers is not tried again
_STDERR_BYTES = 4000


class Answer(NamedTuple):
    """What an adapter said to one request: an output, or an error with its type and message."""

    output: Any
    error: str | None = None
    message: str = ""


class Adapter:
    """A running adapter; started on first use, started again if it died.

    Args:
        command: program and arguments.
        timeout_s: seconds to wait for one answer.
    """

    def __init__(self, command: Sequence[str], *, timeout_s: float = 10.0) -> None:
        self.command = list(command)
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=2)
        self._stderr = b""
        self._fruitless_starts = 0
        self._next_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call(self, function: str, given: dict[str, Any]) -> Answer:
        """Ask for one result.

        Raises:
            Broken: if what came back is no answer of the protocol, or none came in time.
            Untestable: if the adapter cannot be started, or died as often as it was started.
        """
        process = self._running()
        self._next_id += 1
        line = json.dumps({"id": self._next_id, "function": function, "input": given}) + "\n"
        # an adapter that does not read would block us; the write ends, one way or the other, with the adapter
        threading.Thread(target=_write, args=(_stdin(process), line.encode()), daemon=True).start()
        try:
            raw = self._lines.get(timeout=self._timeout_s)
        except queue.Empty:
            self._give_up("an answer", f"none within {self._timeout_s:g} s")
        if raw is None:
            self._lines.put(None)  # the mark of the end stays where `_kill` looks for it
            self._died()
        answer = self._parse(raw, self._next_id)
        self._fruitless_starts = 0
        return answer

    def close(self) -> None:
        """Close the adapter's stdin, give it a second to end, end it otherwise."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                _stdin(self._process).close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=1)
            self._kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        if self._fruitless_starts >= MAX_STARTS:
            raise Untestable(
                f"{self._shown()} was started {MAX_STARTS} times and did not answer{self._said()}"
            )
        self._fruitless_starts += 1
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own command
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # a shell and what it started end together
            )
        except OSError as error:
            raise Untestable(f"cannot start {self._shown()}: {error}") from error
        self._lines = queue.Queue(maxsize=2)
        self._stderr = b""
        self._reading(self._read_lines, self._process.stdout)
        self._last_words = self._reading(self._read_errors, self._process.stderr)
        return self._process

    def _reading(self, work: Callable[..., None], pipe: IO[bytes] | None) -> threading.Thread:
        thread = threading.Thread(target=work, args=(pipe, self._lines), daemon=True)
        thread.start()
        return thread

    def _read_lines(self, pipe: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
        with pipe, contextlib.suppress(OSError, ValueError):
            while line := pipe.readline(MAX_LINE_BYTES):
                if line.strip():
                    lines.put(line)
        lines.put(None)

    def _read_errors(self, pipe: IO[bytes], _: object) -> None:
        with pipe, contextlib.suppress(OSError, ValueError):
            while piece := pipe.read1(4096):  # type: ignore[attr-defined]  # Popen's pipes are buffered readers
                self._stderr = (self._stderr + piece)[-_STDERR_BYTES:]

    def _parse(self, raw: bytes, expected_id: int) -> Answer:
        shown = raw[:200].decode("utf-8", errors="replace").rstrip("\n")
        try:
            answer = json.loads(raw)
        except ValueError:
            self._give_up("one JSON object per line on stdout", f"{shown!r}")
        if not isinstance(answer, dict) or answer.get("id") != expected_id:
            self._give_up(f'an object with "id": {expected_id}', f"{shown!r}")
        if "output" in answer:
            return Answer(answer["output"])
        error = answer.get("error")
        if isinstance(error, dict) and isinstance(error.get("type"), str):
            return Answer(None, error["type"], str(error.get("message", "")))
        raise Broken('"output", or "error" with a "type"', f"{shown!r}")

    def _died(self) -> NoReturn:
        process = self._process
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
        code = process.returncode if process is not None else None
        self._give_up("an answer", f"the adapter ended with exit code {code}")

    def _give_up(self, expected: str, actual: str) -> NoReturn:
        """End the adapter: from here on nobody knows which line answers which request."""
        self._kill()
        self._last_words.join(timeout=1)
        raise Broken(expected, f"{actual}{self._said()}") from None

    def _kill(self) -> None:
        if self._process is not None:
            _end(self._process)
            with contextlib.suppress(OSError):
                _stdin(self._process).close()
            with contextlib.suppress(queue.Empty):  # what is left in the pipe, so that its reader ends
                while self._lines.get(timeout=1) is not None:
                    pass
            self._process = None

    def _shown(self) -> str:
        return shlex.join(self.command)

    def _said(self) -> str:
        text = self._stderr.decode("utf-8", errors="replace").strip()
        return f"; on stderr: {text[-400:]}" if text else ""


def _stdin(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin


def _write(pipe: IO[bytes], data: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):
        pipe.write(data)
        pipe.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError, AttributeError):  # AttributeError: Windows has no process groups
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
