"""Adapters: our own keeps every rule, the JavaScript one what it has, one that is always wrong keeps none."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from visionspec import spec
from visionspec_conformance.run import run_checks

if TYPE_CHECKING:
    from visionspec_conformance.run import Run

pytestmark = pytest.mark.usefixtures("untraced")

HERE = Path(__file__).parent
OWN = [sys.executable, "-m", "visionspec_conformance.rules.adapter"]

# Answers every question with what no vector expects; what should be refused, it answers too.
ALWAYS_WRONG = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"id": json.loads(line)["id"], "output": {"wrong": True}}), flush=True)
"""


@pytest.fixture(autouse=True)
def _seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # put back when the test ends


def checked(command: list[str], *options: str) -> Run:
    return run_checks("rules", [f"--target-command={shlex.join(command)}", *options])


def cases() -> dict[str, spec.Case]:
    return {f"{name}/{case.id}": case for name, file in spec.vectors().items() for case in file.cases}


def test_our_own_rules_keep_every_vector() -> None:
    done = checked(OWN)
    assert [(one.check, one.outcome, one.reason) for one in done.results if one.outcome != "passed"] == []
    assert (done.exit_code, len(done.results)) == (0, len(cases()))


def test_an_adapter_that_is_always_wrong_fails_every_vector() -> None:
    done = checked([sys.executable, "-c", ALWAYS_WRONG])
    outcomes = {one.check.partition("[")[2].removesuffix("]"): one for one in done.results}
    of_level = {"MUST": "failed", "SHOULD": "warned", "MAY": "noted"}
    assert len(outcomes) == len(cases())
    for name, case in cases().items():
        expected = "noted" if case.result == "acceptable" else of_level[spec.rules()[case.rule].level]
        assert outcomes[name].outcome == expected, name


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_example_in_javascript_is_right_about_what_it_has() -> None:
    adapter = HERE / "adapter.mjs"
    assert len(adapter.read_text(encoding="utf-8").splitlines()) < 40
    done = checked(["node", str(adapter)])
    assert done.exit_code == 0
    assert {one.outcome for one in done.results} == {"passed", "noted", "skipped"}
    passed = {
        one.check.partition("[")[2].partition("/")[0] for one in done.results if one.outcome == "passed"
    }
    assert passed == {"image_tokens", "to_pixels"}
    skipped = next(one for one in done.results if one.outcome == "skipped")
    assert skipped.reason.startswith("adapter does not implement ")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_bug_in_the_example_is_found(tmp_path: Path) -> None:
    text = (HERE / "adapter.mjs").read_text(encoding="utf-8")
    (tmp_path / "adapter.mjs").write_text(
        text.replace("Math.ceil(w / unit)", "Math.round(w / unit)"), encoding="utf-8"
    )
    done = checked(["node", str(tmp_path / "adapter.mjs")], "--only-rule=tokens")
    failed = [one for one in done.results if one.outcome == "failed"]
    assert done.exit_code == 1
    assert failed
    assert all(one.check.startswith("rules/check_vectors.py::test_vector[image_tokens/") for one in failed)
    assert "image_tokens(" in str(failed[0].expected)
