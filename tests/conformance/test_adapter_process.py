"""The driver of an adapter against adapters that behave, and that do not."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from visionspec_conformance.judge import Broken, Untestable
from visionspec_conformance.rules.process import Adapter, Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOOP = "import json, sys\nfor line in sys.stdin:\n    request = json.loads(line)\n"


@pytest.fixture
def adapter(tmp_path: Path) -> Callable[..., Adapter]:
    def make(body: str, *, timeout_s: float = 10.0, loop: bool = True) -> Adapter:
        script = tmp_path / "adapter.py"
        script.write_text((LOOP if loop else "") + body, encoding="utf-8")
        return Adapter([sys.executable, "-u", str(script)], timeout_s=timeout_s)

    return make


def test_outputs_and_refusals_come_back_in_order(adapter: Callable[..., Adapter]) -> None:
    body = (
        "    if request['function'] == 'no':\n"
        "        answer = {'id': request['id'], 'error': {'type': 'InvalidSize', 'message': 'nothing'}}\n"
        "    else:\n"
        "        answer = {'id': request['id'], 'output': request['input']['x'] * 2}\n"
        "    print(json.dumps(answer))\n"
    )
    with adapter(body) as running:
        assert running.call("double", {"x": 21}) == Answer(42)
        assert running.call("no", {}) == Answer(None, "InvalidSize", "nothing")
        assert running.call("double", {"x": 1}) == Answer(2)


def test_an_output_of_null_is_an_output(adapter: Callable[..., Adapter]) -> None:
    with adapter("    print(json.dumps({'id': request['id'], 'output': None}))\n") as running:
        assert running.call("f", {}) == Answer(None)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("'hello'", "one JSON object per line"),
        ("'[]'", 'an object with "id": 1'),
        ("json.dumps({'id': 99, 'output': 1})", 'an object with "id": 1'),
        ("json.dumps({'id': 1})", '"output", or "error"'),
        ("json.dumps({'id': 1, 'error': 'text'})", '"output", or "error"'),
    ],
)
def test_what_is_no_answer_is_broken_and_shown(
    adapter: Callable[..., Adapter], printed: str, expected: str
) -> None:
    with adapter(f"    print({printed})\n") as running, pytest.raises(Broken) as caught:
        running.call("f", {})
    assert expected in caught.value.expected


def test_an_adapter_that_dies_says_so_with_its_stderr(adapter: Callable[..., Adapter]) -> None:
    with adapter("    sys.exit('it was too much')\n") as running:
        for _ in range(3):
            with pytest.raises(Broken, match=r"exit code 1.*it was too much"):
                running.call("f", {})
        with pytest.raises(
            Untestable, match="was started 3 times and did not answer; on stderr: it was too much"
        ):
            running.call("f", {})


def test_what_an_adapter_complains_of_is_shown_beside_what_is_no_answer(
    adapter: Callable[..., Adapter],
) -> None:
    body = "    print('no table', file=sys.stderr, flush=True); print('hello')\n"
    with adapter(body) as running, pytest.raises(Broken, match=r"hello.*on stderr: no table"):
        running.call("f", {})


def test_an_adapter_that_dies_now_and_then_is_started_again(adapter: Callable[..., Adapter]) -> None:
    body = (
        "    if request['function'] == 'die':\n        sys.exit(3)\n"
        "    print(json.dumps({'id': request['id'], 'output': 1}))\n"
    )
    with adapter(body) as running:
        for _ in range(5):
            with pytest.raises(Broken, match="exit code 3"):
                running.call("die", {})
            assert running.call("live", {}) == Answer(1)


@pytest.mark.parametrize(
    "body", ["import time; time.sleep(60)\n", "import time\nprint('{', end='')\ntime.sleep(60)\n"]
)
def test_silence_ends_in_time(adapter: Callable[..., Adapter], body: str) -> None:
    with adapter(body, timeout_s=0.3, loop=False) as running:
        started = time.monotonic()
        with pytest.raises(Broken, match=r"none within 0\.3 s"):
            running.call("f", {"large": "x" * 1_000_000})  # more than a pipe holds, and nobody reads
        assert time.monotonic() - started < 3


def test_endless_output_is_not_kept(adapter: Callable[..., Adapter]) -> None:
    with adapter("while True: print('noise')\n", loop=False) as running, pytest.raises(Broken):
        running.call("f", {})


def test_what_a_shell_started_ends_with_it(tmp_path: Path) -> None:
    started = tmp_path / "started"
    program = f"import pathlib, time; time.sleep(1.5); pathlib.Path({str(started)!r}).touch()"
    command = ["sh", "-c", f'{sys.executable} -c "{program}"; true']
    with Adapter(command, timeout_s=0.2) as running, pytest.raises(Broken):
        running.call("f", {})
    time.sleep(1.6)
    assert not started.exists()


def test_a_program_that_is_not_there_is_untestable() -> None:
    with Adapter(["no-such-program-here"]) as running, pytest.raises(Untestable, match="cannot start"):
        running.call("f", {})


def test_no_thread_stays_behind(adapter: Callable[..., Adapter]) -> None:
    before = threading.active_count()
    for body in ("while True: print('noise')\n", "import time; time.sleep(60)\n", "raise SystemExit(1)\n"):
        with adapter(body, timeout_s=0.5, loop=False) as running, pytest.raises(Broken):
            running.call("f", {"large": "x" * 1_000_000})
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
