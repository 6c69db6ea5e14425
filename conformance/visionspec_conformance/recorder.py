"""Collects the results of a run, writes the report line by line, and gives the run its exit code."""

from __future__ import annotations

import platform
import time
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import pytest

from visionspec import spec
from visionspec.errors import InvalidInput
from visionspec_conformance import baseline
from visionspec_conformance.report import (
    FAILING,
    Event,
    Footer,
    Header,
    Judged,
    Outcome,
    Result,
    exit_code,
    tally,
    to_line,
)

SUITE = Path(__file__).parent
_TOLD = (
    "requirements",
    "target_api_version",
    "target_model",
    "effort",
    "only_rule",
    "only_area",
    "only_level",
)


def check_id(item: pytest.Item) -> str:
    """``server/check_upload.py::test_x[param]``, wherever the suite is installed."""
    path = item.path.relative_to(SUITE).as_posix() if item.path.is_relative_to(SUITE) else item.path.name
    return f"{path}::{item.name}"


class Recorder:
    """A pytest plugin object: the one place where results meet."""

    def __init__(self, config: pytest.Config, required: frozenset[str] | None = None) -> None:
        self.config = config
        self._required = required or frozenset()
        self.header: Header | None = None
        self.results: list[Result] = []
        self.footer: Footer | None = None
        self._started = time.monotonic()
        self._collected: frozenset[str] = frozenset()
        path = config.getoption("baseline")
        try:
            self._known = {} if path is None else baseline.load(path)
        except InvalidInput as error:
            raise pytest.UsageError(str(error)) from error
        self._file: TextIO | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Remember what there is before a choice is made."""
        self._collected = frozenset(map(check_id, items))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write the header, as soon as it is known how many results will come."""
        self._begin(len(session.items))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result out of pytest's report."""
        fields = getattr(report, "visionspec", None)
        if fields is None:
            return
        if self.header is None:  # under xdist the items are collected elsewhere
            self._begin(None)
        result = Result.model_validate(fields)
        if result.outcome in FAILING and result.check in self._known:
            result = result.model_copy(update={"known": True})
        self.results.append(result)
        self._write(result)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the footer and the views; an interrupted run gets no footer."""
        try:
            complete = exitstatus in {
                pytest.ExitCode.OK,
                pytest.ExitCode.TESTS_FAILED,
                pytest.ExitCode.NO_TESTS_COLLECTED,
            }
            if complete and self.header is not None:
                self.footer = self._summary()
                self._write(self.footer)
                session.exitstatus = self.footer.exit_code
        finally:
            if self._file is not None:
                self._file.close()
        self._views()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The summary for those who run pytest themselves."""
        from visionspec_conformance.views import terminal  # noqa: PLC0415 - rich is not needed in a pipe

        if self.header is not None:
            terminalreporter.write_line(terminal.render(self.header, self.results, self.footer, colour=False))

    def _begin(self, checks: int | None) -> None:
        self.header = Header(
            suite=spec.manifest().version,
            judged=judged(self.config),
            started=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            checks=checks,
            tools={
                "python": platform.python_version(),
                **{name: version(name) for name in ("pytest", "hypothesis", "httpx")},
            },
        )
        if path := self.config.getoption("conformance_report"):
            self._file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - closed when the session ends
        self._write(self.header)

    def _write(self, event: Event) -> None:
        if self._file is not None:
            self._file.write(to_line(event) + "\n")
            self._file.flush()  # an interrupted run keeps what it knew

    def _summary(self) -> Footer:
        stale = baseline.stale(self._known, self.results, self._collected, judged(self.config).kind)
        outcomes = Counter[Outcome](one.outcome for one in self.results)
        kept = {one.rule for one in self.results if one.outcome in {"passed", "noted"}}
        unmet = sorted(self._required - (kept - {one.rule for one in self.results if one.outcome in FAILING}))
        return Footer(
            outcomes=dict(sorted(outcomes.items())),
            rules=tally(self.results),
            stale=stale,
            unmet=unmet,
            requests=sum(result.requests for result in self.results),
            sent_bytes=sum(result.sent_bytes for result in self.results),
            duration_s=round(time.monotonic() - self._started, 3),
            exit_code=exit_code(self.results, [*stale, *unmet]),
        )

    def _views(self) -> None:
        if self.header is None:
            return
        for option, module in (("conformance_junit", "junit"), ("conformance_html", "html")):
            if path := self.config.getoption(option):
                from importlib import import_module  # noqa: PLC0415 - a view that is not asked for is not loaded

                view = import_module(f"visionspec_conformance.views.{module}")
                text = view.render([(self.header, self.results, self.footer)])
                Path(path).write_text(text, encoding="utf-8")


def judged(config: pytest.Config) -> Judged:
    """What is judged, as the options say it."""
    told = {name.removeprefix("target_"): config.getoption(name) for name in _TOLD}
    told = {name: value for name, value in told.items() if value}
    if (seed := config.getoption("--hypothesis-seed", None)) is not None:
        told["seed"] = int(seed)
    if url := config.getoption("target_url"):
        return Judged(kind="server", address=url, settings=told)
    kind = "client" if any("client" in str(argument) for argument in config.args) else "rules"
    return Judged.model_validate(
        {"kind": kind, "address": config.getoption("target_command") or "", "settings": told}
    )
