"""The mock server as pytest fixtures: one server per session, empty for every test.

``gemini_mock``            the server; what it is asked afterwards is in `visionspec_mockserver.asserting`
``gemini_mock_factory``    one more server, with settings of its own
``gemini_mock_settings``   override it in a ``conftest.py`` to say with what settings the session's server starts

Every pytest run of an environment that has visionspec loads this module: it loads nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from visionspec_mockserver.threaded import MockServer

_LEVELS = ("MUST", "SHOULD", "MAY")
_LOCAL = "127.0.0.1,localhost"


def pytest_addoption(parser: pytest.Parser) -> None:
    """What can be said on the command line, and under [tool.pytest.ini_options]."""
    group = parser.getgroup("gemini_mock", "visionspec mock server")
    group.addoption(
        "--gemini-mock-script",
        action="append",
        default=[],
        metavar="FILE",
        help="answer by the scripts in this file where they match; repeatable",
    )
    group.addoption(
        "--gemini-mock-strict", action="store_true", help="refuse a question that no script matches"
    )
    group.addoption(
        "--gemini-mock-findings",
        choices=_LEVELS,
        help="fail a test whose requests break a rule of this level or a stronger one",
    )
    group.addoption(
        "--gemini-mock-unfired",
        action="store_true",
        help="fail a test with a planned fault that never happened",
    )
    parser.addini("gemini_mock_script", "files of scripts, from the folder of this file", "paths", [])
    parser.addini("gemini_mock_strict", "refuse a question that no script matches", "bool", default=False)
    parser.addini(
        "gemini_mock_findings", "fail a test with findings of this level: MUST, SHOULD or MAY", default=""
    )
    parser.addini("gemini_mock_ignore", "rules whose findings do not count", "args", [])
    parser.addini(
        "gemini_mock_unfired", "fail a test with a fault that never happened", "bool", default=False
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a level that is none before any test runs."""
    level = config.getini("gemini_mock_findings")
    if level and level not in _LEVELS:
        raise pytest.UsageError(f"gemini_mock_findings = {level!r}: choose from {', '.join(_LEVELS)}")


@pytest.fixture(scope="session")
def gemini_mock_settings() -> dict[str, Any]:
    """The settings of the session's server, as keywords of `MockServer`; override it to choose them."""
    return {}


@pytest.fixture(scope="session")
def _gemini_mock_defaults(
    pytestconfig: pytest.Config, gemini_mock_settings: dict[str, Any]
) -> dict[str, Any]:
    """The settings of every server: what the options say, then what the fixture says."""
    option, ini = pytestconfig.getoption, pytestconfig.getini
    scripts = [*(option("gemini_mock_script") or ()), *ini("gemini_mock_script")]
    strict = option("gemini_mock_strict") or ini("gemini_mock_strict")
    return {"scripts": scripts, "strict": strict, **gemini_mock_settings}


@pytest.fixture(scope="session")
def _gemini_mock_server(_gemini_mock_defaults: dict[str, Any]) -> Iterator[MockServer]:
    with _make(**_gemini_mock_defaults) as server:
        yield server


@pytest.fixture
def gemini_mock(_gemini_mock_server: MockServer, monkeypatch: pytest.MonkeyPatch) -> MockServer:
    """A mock server of the Gemini API that has seen nothing yet; the environment leads the SDKs to it."""
    _gemini_mock_server.reset()
    _lead(monkeypatch, _gemini_mock_server)
    return _gemini_mock_server


class Factory:
    """What the fixture ``gemini_mock_factory`` is."""

    def __init__(self, defaults: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self._defaults = defaults
        self._monkeypatch = monkeypatch
        self.made: list[MockServer] = []

    def __call__(self, **settings: Any) -> MockServer:
        """Make a server; the settings are those of `MockServer`."""
        server = _make(**{**self._defaults, **settings})
        self.made.append(server)
        _lead(self._monkeypatch, server)
        return server


@pytest.fixture
def gemini_mock_factory(
    _gemini_mock_defaults: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Factory]:
    """Make a mock server with settings of its own; the environment leads the SDKs to the one made last."""
    factory = Factory(_gemini_mock_defaults, monkeypatch)
    yield factory
    for server in factory.made:
        server.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Judge a test that has passed by what its servers were sent, if that was asked for."""
    result = yield
    used: dict[str, Any] = getattr(item, "funcargs", {})
    servers: list[MockServer] = [used["gemini_mock"]] if "gemini_mock" in used else []
    if "gemini_mock_factory" in used:
        servers += used["gemini_mock_factory"].made
    option, ini = item.config.getoption, item.config.getini
    level = option("gemini_mock_findings") or ini("gemini_mock_findings")
    for server in servers:
        if level:
            server.assert_no_findings(level, ignore=ini("gemini_mock_ignore"))
        if option("gemini_mock_unfired") or ini("gemini_mock_unfired"):
            server.faults.assert_fired()
    return result


def _make(**settings: Any) -> MockServer:
    try:
        from visionspec_mockserver.threaded import MockServer  # noqa: PLC0415 - see the top
    except ModuleNotFoundError as error:
        from visionspec.errors import MissingExtra  # noqa: PLC0415

        missing = MissingExtra(f"'{error.name}', which the fixture gemini_mock needs,", "mockserver")
        pytest.fail(str(missing), pytrace=False)
    return MockServer(**settings)


def _lead(monkeypatch: pytest.MonkeyPatch, server: MockServer) -> None:
    for name, value in server.env().items():
        monkeypatch.setenv(name, value)
    for name in ("NO_PROXY", "no_proxy"):  # a proxy of the machine's does not know this server
        monkeypatch.setenv(name, _LOCAL, prepend=",")
