"""The pytest plugin behind ``visionspec check``: options, fixtures, outcomes by level, the report.

``pytest --pyargs visionspec_conformance.server -p visionspec_conformance.plugin --target-url URL`` is the
same run; ``-k``, ``-x``, ``--lf``, xdist and Hypothesis's options work as they always do. It is no entry
point, so that it never touches an ordinary pytest run.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, Phase, settings

from visionspec import spec
from visionspec_conformance import record as records
from visionspec_conformance import requirements
from visionspec_conformance.judge import Untestable
from visionspec_conformance.recorder import Recorder, check_id, judged
from visionspec_conformance.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from visionspec_conformance.client.session import Run
    from visionspec_conformance.report import Result
    from visionspec_conformance.rules.process import Adapter

DEFAULT_KEY = "conformance"
_PART_OF = {"chunks": "upload", "lifecycle": "interactions", "streams": "interactions"}
_SECRET_CHARS = 6  # a key that is shorter is none, and may stand in any word
KINDS = ("server", "client", "rules")

_record = pytest.StashKey[records.Record]()
_recorder = pytest.StashKey[Recorder]()
_profile = pytest.StashKey[str]()
_target = pytest.StashKey[Target]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options; none of them has a name that another plugin is likely to take."""
    group = parser.getgroup("visionspec", "conformance (visionspec)")
    group.addoption("--target-url", metavar="URL", help="base URL of the server to check")
    group.addoption(
        "--target-command", metavar="COMMAND", help="client or adapter to check, as a shell writes it"
    )
    group.addoption(
        "--target-api-version", default="v1beta", metavar="V", help="v1beta (default), v1 or v1alpha"
    )
    group.addoption("--target-api-key", default=DEFAULT_KEY, metavar="KEY", help="sent as x-goog-api-key")
    group.addoption("--target-model", default="gemini-2.5-flash", metavar="MODEL", help="model to ask")
    group.addoption(
        "--target-timeout", type=float, default=10.0, metavar="S", help="seconds to wait for an answer"
    )
    group.addoption("--max-requests", type=int, metavar="N", help="send no more than N requests")
    group.addoption("--max-bytes", type=int, metavar="N", help="send no more than N bytes of bodies")
    group.addoption(
        "--only-rule", action="append", default=[], metavar="RULE", help="a rule, or all below a topic"
    )
    group.addoption("--only-area", action="append", default=[], metavar="AREA", help="upload, files, ...")
    group.addoption("--only-level", action="append", default=[], choices=("MUST", "SHOULD", "MAY"))
    group.addoption("--requirements", metavar="NAME", help="only, and all of, what this version requires")
    group.addoption("--effort", choices=tuple(records.EFFORTS), default="normal", help="examples per check")
    group.addoption("--conformance-report", metavar="FILE", help="write the NDJSON report")
    group.addoption("--conformance-junit", metavar="FILE", help="write JUnit XML made from the report")
    group.addoption("--conformance-html", metavar="FILE", help="write an HTML page made from the report")
    group.addoption("--faults", action="store_true", help="run a client once more with each fault")
    group.addoption(
        "--client-timeout", type=float, default=300.0, metavar="S", help="seconds that a client may run"
    )
    group.addoption(
        "--baseline", metavar="FILE", help="known failures; a new one and a stale entry both fail"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect ``check_*.py`` and set how hard Hypothesis looks."""
    config.addinivalue_line("python_files", "check_*.py")
    config.addinivalue_line("markers", "rule(id): the rule of spec/ that this check decides")
    config.addinivalue_line("markers", "schema: looks at the shape of an answer; runs before the others")
    _check_options(_options(config))
    config.stash[_profile] = settings.get_current_profile_name()
    effort = records.EFFORTS[_options(config)("effort")]
    settings.register_profile(
        "visionspec",
        max_examples=effort.examples,
        stateful_step_count=20,
        derandomize=config.getoption("--hypothesis-seed", None) is None,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, *((Phase.shrink,) if effort.shrinks else ())),
    )
    settings.load_profile("visionspec")
    if not hasattr(config, "workerinput"):  # a worker of xdist sends its results to the one that records
        config.stash[_recorder] = Recorder(config, requirements_of(config))
        config.pluginmanager.register(config.stash[_recorder], "visionspec-recorder")


def _check_options(option: Callable[[str], Any]) -> None:
    """Refuse at once what would otherwise be noticed at the end, or never.

    Raises:
        pytest.UsageError: if a rule does not exist, or a report cannot be written.
    """
    for name in option("only_rule"):
        there = {*spec.rules(), *(rule.partition(".")[0] for rule in spec.rules())}
        if name not in there:
            near = difflib.get_close_matches(name, there, 3)
            hint = f"; do you mean {' or '.join(near)}?" if near else ""
            raise pytest.UsageError(f"no rule and no topic {name!r}{hint}")
    for view in ("report", "junit", "html"):
        path = option(f"conformance_{view}")
        if path and (Path(path).is_dir() or not os.access(Path(path).absolute().parent, os.W_OK)):
            raise pytest.UsageError(f"cannot write {path}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave Hypothesis as it was."""
    if _profile in config.stash:
        settings.load_profile(config.stash[_profile])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the checks that were asked for, those of the schema tier first."""
    rules, areas, levels = (config.getoption(f"only_{what}") for what in ("rule", "area", "level"))
    required = requirements_of(config)
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        rule = rule_of(item)
        wanted = (required is None or rule.id in required) and (
            (not rules or any(rule.id == name or rule.id.startswith(f"{name}.") for name in rules))
            and (not areas or area_of(item) in areas)
            and (not levels or rule.level in levels)
        )
        (kept if wanted else dropped).append(item)
    kept.sort(key=lambda item: item.get_closest_marker("schema") is None)  # stable
    if dropped:
        config.hook.pytest_deselected(items=dropped)
    items[:] = kept


def rule_of(item: pytest.Item) -> spec.Rule:
    """The one rule that a check decides.

    Raises:
        pytest.UsageError: if it is marked with none, with several, or with one that does not exist.
    """
    ids = [mark.args[0] for mark in item.iter_markers("rule")]
    if len(ids) != 1:
        raise pytest.UsageError(f"{item.nodeid}: a check decides exactly one rule, not {ids}")
    try:
        return spec.rules()[ids[0]]
    except KeyError:
        raise pytest.UsageError(f"{item.nodeid}: no rule {ids[0]!r} in spec/rules") from None


def requirements_of(config: pytest.Config) -> frozenset[str] | None:
    """The rules that this run requires; None if it names no requirements."""
    name = config.getoption("requirements")
    return None if name is None else requirements.load(name, judged(config).kind)


def area_of(item: pytest.Item) -> str:
    """``check_upload.py`` -> ``upload``; an area may have several files."""
    name = item.path.stem.removeprefix("check_")
    return _PART_OF.get(name, name)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Open the record before fixtures are made: one of them may find the target unreachable."""
    seconds = records.EFFORTS[_options(item.config)("effort")].seconds
    record = item.stash[_record] = records.Record(deadline=time.monotonic() + seconds)
    target = item.config.stash.get(_target, None)
    if target is not None:
        target.record = record
        record.requests_before = target.spent.requests
        record.bytes_before = target.spent.sent_bytes
    done = yield
    if target is not None:
        target.begin_check()
    return done


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Watch every generated example of a check."""
    record, target = item.stash[_record], item.config.stash.get(_target, None)
    if target is not None:
        target.begin_example()
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    if handle is None:
        with record.understanding(target):
            return (yield)
    inner = handle.inner_test  # Hypothesis's documented place for those who run tests their own way
    handle.inner_test = record.watch(inner, target)
    try:
        return (yield)
    finally:
        handle.inner_test = inner


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the result to pytest's report, and let the level of the rule decide what a failure means."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if call.when == "call" or error is not None:
        result = records.result(
            check=check_id(item),
            area=area_of(item),
            rule=rule_of(item),
            record=item.stash[_record],
            error=error,
            target=item.config.stash.get(_target, None),
        )
        result = result.model_copy(update={"repeat": _repeat(item, result)})
        report.visionspec = _without_key(item.config, result)  # type: ignore[attr-defined]  # a report carries any attribute
        if report.failed and result.outcome in {"warned", "noted"}:
            report.outcome = "skipped"
            report.wasxfail = f"{result.level}: {result.reason}"
    return report


def _without_key(config: pytest.Config, result: Result) -> dict[str, Any]:
    """The result as JSON; a server may have said the key back."""
    key, text = _options(config)("target_api_key"), result.model_dump_json()
    if key != DEFAULT_KEY and len(key) >= _SECRET_CHARS:
        for spelled in (key, quote(key, safe=""), quote_plus(key)):
            text = text.replace(json.dumps(spelled, ensure_ascii=False)[1:-1], "...")
    fields: dict[str, Any] = json.loads(text)
    return fields


def _repeat(item: pytest.Item, result: Result) -> str:
    """The command that runs this check again."""
    kind = result.check.partition("/")[0]
    option = item.config.getoption
    words = ["visionspec", "check", kind if kind in KINDS else "server"]
    if url := option("target_url"):
        words += ["--url", url]
    for name, usual in (("api_version", "v1beta"), ("model", "gemini-2.5-flash"), ("timeout", 10.0)):
        if option(f"target_{name}") != usual:
            words += [f"--{name.replace('_', '-')}", str(option(f"target_{name}"))]
    words += ["--only", result.rule]
    if url:
        words += ["--effort", option("effort")]
        if (seed := option("--hypothesis-seed", None)) is not None:
            words += ["--seed", str(seed)]
    if option("faults"):
        words.append("--faults")
    line = shlex.join(words)
    if option("target_api_key") != DEFAULT_KEY:
        line += ' --api-key "$API_KEY"'
    return f"{line} -- {option('target_command')}" if option("target_command") else line


def _options(config: pytest.Config) -> Callable[[str], Any]:
    """An option by its name, typed as whatever it is."""
    return config.getoption


def _share(budget: int | None, config: pytest.Config) -> int | None:
    """What this process may spend: under xdist, its part of what all may together."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if budget is None or worker is None:
        return budget
    part, rest = divmod(budget, int(worker["workercount"]))
    return part + (int(worker["workerid"].removeprefix("gw")) < rest)


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Iterator[Target]:
    """The server to check, over raw HTTP."""
    option = _options(pytestconfig)
    url = option("target_url")
    if not url:
        raise pytest.UsageError("the checks of a server need --target-url URL")
    made = pytestconfig.stash[_target] = Target(
        url=url.rstrip("/"),
        api_version=option("target_api_version"),
        api_key=option("target_api_key"),
        model=option("target_model"),
        timeout_s=option("target_timeout"),
        max_requests=_share(option("max_requests"), pytestconfig),
        max_bytes=_share(option("max_bytes"), pytestconfig),
    )
    with contextlib.suppress(Untestable):  # every check will say it
        made.greet()
    yield made
    made.close()


@pytest.fixture(scope="session")
def adapter(pytestconfig: pytest.Config) -> Iterator[Adapter]:
    """The implementation of the rules to check, over stdin and stdout."""
    from visionspec_conformance.rules.process import Adapter  # noqa: PLC0415 - only this kind of run needs it

    option = _options(pytestconfig)
    command = option("target_command")
    if not command:
        raise pytest.UsageError("the checks of rules need --target-command COMMAND")
    with Adapter(shlex.split(command), timeout_s=option("target_timeout")) as made:
        yield made


@pytest.fixture(scope="session")
def runs(pytestconfig: pytest.Config) -> list[Run]:
    """What the client sent: in one run, and with ``--faults`` in one more for each fault."""
    from visionspec_conformance.client import plans  # noqa: PLC0415 - only this kind of run needs it
    from visionspec_conformance.client.session import run_all  # noqa: PLC0415

    option = _options(pytestconfig)
    if not option("target_command"):
        raise pytest.UsageError("the checks of a client need --target-command COMMAND")
    chosen = (plans.PLAIN, *(plans.FAULTS if option("faults") else ()))
    return run_all(shlex.split(option("target_command")), chosen, timeout_s=option("client_timeout"))


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say which of the allowed behaviours was seen; a check that passes becomes ``noted``."""
    notes = request.node.stash[_record].notes
    return lambda text: notes.setdefault(text, None)
