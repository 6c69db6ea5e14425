"""A pytest plugin that decides mutants: collect once, then fork for each mutant and run only the tests that reach it.

mutmut collects anew for every mutant, which takes longer than the tests. It writes the mutants and finds out who tests
what (``mutants/mutmut-stats.json``); this runs them, quickest test first, and notes the outcomes where mutmut does.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mutmut.mutation.trampoline import set_mutant_under_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SOURCE = Path("src/visionspec")
AT_ONCE = os.cpu_count() or 1
GRACE_S = 10.0
PATIENCE = 10  # times what the tests take by themselves
MEMORY_BYTES = 8 << 30
PASSED, FAILED, UNTESTED = 0, 1, 33


@dataclass
class Outcomes:
    """The outcomes of one file's mutants, kept where mutmut keeps them."""

    path: Path
    document: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.document = json.loads(self.path.read_text(encoding="utf-8"))

    @property
    def undecided(self) -> list[str]:
        return [name for name, code in self.document["exit_code_by_key"].items() if code is None]

    def note(self, mutant: str, code: int) -> None:
        self.document["exit_code_by_key"][mutant] = code
        self.path.write_text(json.dumps(self.document, indent=4), encoding="utf-8")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    gc.freeze()  # or every collection in a child copies all pages
    Judge(session).decide()
    return True


class Judge:
    """Runs tests in children, as many at once as there are processors."""

    def __init__(self, session: pytest.Session) -> None:
        stats = json.loads(Path("mutmut-stats.json").read_text(encoding="utf-8"))
        self.session = session
        self.items = {item.nodeid: item for item in session.items}
        self.usual_s: dict[str, float] = stats["duration_by_test"]
        self.tests: dict[str, list[str]] = stats["tests_by_mangled_function_name"]
        self.running: dict[int, tuple[Outcomes, str]] = {}
        self.found: Counter[str] = Counter()

    def decide(self) -> None:
        """Decide what is undecided, quickest first; without a mutant all must pass, before and after."""
        files = [Outcomes(path) for path in SOURCE.rglob("*.meta")]
        todo = [(file, mutant) for file in files for mutant in file.undecided]
        todo.sort(key=lambda one: self.cost_s(self.reached_by(one[1])))
        self.demand_that_all_pass()
        for file, mutant in todo:
            if not (names := self.reached_by(mutant)):
                self.note(file, mutant, UNTESTED)
                continue
            if len(self.running) == AT_ONCE:
                self.note_one()
            self.running[self.start(names, mutant)] = file, mutant
        while self.running:
            self.note_one()
        self.demand_that_all_pass()

    def reached_by(self, mutant: str) -> list[str]:
        names = self.tests.get(mutant.rpartition("__mutmut_")[0], ())
        return sorted(self.items.keys() & names, key=self.usual_s.__getitem__)

    def cost_s(self, names: Iterable[str]) -> float:
        return sum(self.usual_s[name] for name in names)

    def start(self, names: list[str], mutant: str) -> int:
        limit_s = GRACE_S + PATIENCE * self.cost_s(names)
        return _fork(self.session, [self.items[name] for name in names], mutant, limit_s)

    def demand_that_all_pass(self) -> None:
        _, status = os.waitpid(self.start(list(self.items), ""), 0)
        if os.waitstatus_to_exitcode(status) != PASSED:
            raise pytest.UsageError("the tests fail without a mutant too, so no outcome says anything")

    def note_one(self) -> None:
        pid, status = os.wait()
        self.note(*self.running.pop(pid), os.waitstatus_to_exitcode(status))

    def note(self, file: Outcomes, mutant: str, code: int) -> None:
        file.note(mutant, code)
        self.found["survived" if code in (PASSED, UNTESTED) else "killed"] += 1
        if self.found.total() % 100 == 0:
            sys.stderr.write(f"{self.found.total()} decided, {self.found['survived']} survived\n")


class ExitAtFirstFailure:
    """Nobody reads how it failed, and telling it takes longer than most tests."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        if call.excinfo and not call.excinfo.errisinstance(pytest.skip.Exception):
            os._exit(FAILED)


def _fork(session: pytest.Session, items: Sequence[pytest.Item], mutant: str, limit_s: float) -> int:
    """Run the tests with the mutant in place, in a process of their own, until one fails."""
    if pid := os.fork():
        return pid
    session.config.pluginmanager.register(ExitAtFirstFailure())
    session.config.pluginmanager.unregister(name="terminalreporter")
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    set_mutant_under_test(mutant)
    try:
        for item, following in zip(items, [*items[1:], None], strict=True):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    except BaseException:  # noqa: BLE001 - whatever a mutant does to pytest itself, it was noticed
        os._exit(FAILED)
    os._exit(PASSED)
