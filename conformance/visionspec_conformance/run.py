"""A run of the checks as a function: pytest in this process, with our plugin and nothing of the user's."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from visionspec_conformance import plugin
from visionspec_conformance.recorder import SUITE, Recorder, check_id

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from visionspec_conformance.report import Footer, Header, Result

DEFAULT_SEED = 0


class Run(NamedTuple):
    """What a run said. ``footer`` is None if it did not end, ``header`` if it did not even begin."""

    exit_code: int
    header: Header | None
    results: list[Result]
    footer: Footer | None


class _Watcher:
    """Hands out the recorder, keeps the chosen checks, and tells a progress bar about every result."""

    def __init__(
        self,
        progress: Callable[[int | None, Result | None], None] | None,
        checks: Collection[str] | None,
    ) -> None:
        self.recorder: Recorder | None = None
        self._progress = progress
        self._checks = checks

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        found = config.pluginmanager.get_plugin("visionspec-recorder")
        assert isinstance(found, Recorder)
        self.recorder = found
        config.option.tbstyle = "value"  # nobody sees a traceback here, and making a thousand takes its time

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._checks is not None:
            items[:] = [item for item in items if check_id(item) in self._checks]

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        recorder = self.recorder
        if self._progress and hasattr(report, "visionspec") and recorder and recorder.header:
            self._progress(recorder.header.checks, recorder.results[-1])


def run_checks(
    kind: str,
    options: Sequence[str],
    *,
    seed: int = DEFAULT_SEED,
    progress: Callable[[int | None, Result | None], None] | None = None,
    checks: Collection[str] | None = None,
) -> Run:
    """Run the checks of one kind.

    Args:
        kind: ``server``, ``client`` or ``rules``.
        options: options of the plugin, and any of pytest's own.
        seed: of Hypothesis.
        progress: called with the number of checks and each result.
        checks: run only these, by the id that a result has; all of the kind if it is None.
    """
    watcher = _Watcher(progress, checks)
    places = sorted({check.partition("::")[0] for check in checks or ()}) or [kind]
    with tempfile.TemporaryDirectory() as folder, _hypothesis_home(folder):
        config = Path(folder, "pytest.ini")  # ours, so that the user's pytest settings stay out of it
        config.write_text("[pytest]\nconsole_output_style = classic\n", encoding="utf-8")
        code = pytest.main(
            [
                *(str(SUITE / place) for place in places),
                f"--config-file={config}",
                f"--rootdir={SUITE}",
                "--import-mode=importlib",
                "--assert=plain",  # a check says itself what it expected
                "--strict-markers",
                f"--hypothesis-seed={seed}",
                *(() if _wants_cache(options) else ("-p", "no:cacheprovider")),
                *("-p", plugin.__name__),  # by its name, so that workers of xdist load it too
                *("-p", "no:terminal"),
                *("-p", "no:unraisableexception"),  # it collects garbage at the end of every run, for 0.3 s
                *options,
            ],
            plugins=[watcher],
        )
    # Hypothesis takes its settings when a check is imported, so another run has to import it anew.
    for name in [name for name in sys.modules if name.rpartition(".")[2].startswith("check_")]:
        del sys.modules[name]
    recorder = watcher.recorder
    if recorder is None:
        return Run(2, None, [], None)
    return Run(min(int(code), 2), recorder.header, recorder.results, recorder.footer)


@contextlib.contextmanager
def _hypothesis_home(folder: str) -> Iterator[None]:
    """Nothing is left behind in the user's folder."""
    set_hypothesis_home_dir(folder)
    try:
        yield
    finally:
        set_hypothesis_home_dir(None)


def _wants_cache(options: Sequence[str]) -> bool:
    return any(option in {"--lf", "--ff", "--last-failed", "--failed-first", "--sw"} for option in options)
