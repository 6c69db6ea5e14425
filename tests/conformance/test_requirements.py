"""The frozen requirements: every rule is there, is a MUST, and is decided by a check of its kind."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from visionspec import spec, trace
from visionspec_conformance import requirements, run

if TYPE_CHECKING:
    from visionspec_conformance.run import Run

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture(autouse=True)
def _seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # put back when the test ends


@pytest.fixture(params=requirements.names())
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    text = files(requirements).joinpath(f"{request.param}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def test_every_required_rule_is_a_must_that_something_decides(document: dict[str, Any]) -> None:
    assert [
        one
        for kind in ("server", "client", "rules")
        for one in document[kind]
        if spec.rules()[one].level != "MUST"
    ] == []
    for kind in ("server", "client"):
        decided = {
            rule for rule, places in trace.checks().items() if any(one.startswith(kind) for one in places)
        }
        assert set(document[kind]) <= decided
    assert set(document["rules"]) <= set(trace.vectors())


def checked(adapter: str, *options: str) -> Run:
    return run.run_checks("rules", [f"--target-command={adapter}", *options])


def test_our_own_rules_meet_them() -> None:
    own = f"{sys.executable} -m visionspec_conformance.rules.adapter"
    done = checked(own, "--requirements=2026-11")
    assert done.footer is not None
    assert (done.exit_code, done.footer.unmet) == (0, [])
    assert {one.rule for one in done.results} == requirements.load("2026-11", "rules")


HAS_NOTHING = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"id": json.loads(line)["id"], "error": {"type": "NotImplemented"}}), flush=True)
"""


def test_what_is_skipped_is_not_met() -> None:
    done = checked(shlex.join([sys.executable, "-c", HAS_NOTHING]), "--requirements=2026-11")
    assert done.footer is not None
    assert (done.exit_code, set(done.footer.unmet)) == (1, requirements.load("2026-11", "rules"))


def test_requirements_that_do_not_exist_are_wrong_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "visionspec.cli", "check", "rules", "--requirements", "1999-01", "--", "true"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "no requirements '1999-01'; there are 2026-11" in done.stderr
