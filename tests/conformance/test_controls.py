"""Negative controls: every check is seen to fail on what breaks its rule, and on nothing honest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from visionspec import trace
from visionspec_conformance import breaks, broken
from visionspec_conformance.client.check_requests import OF_A_QUESTION
from visionspec_conformance.run import run_checks
from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from visionspec_conformance.broken import Answer, Call, Control, Server

pytestmark = pytest.mark.controls

# Checks that read their rules from vectors or a list carry no literal mark, so `trace` does not list them.
OF_DATA = {
    "test_an_image_costs_what_was_recorded",
    "test_a_declared_type_is_taken_or_refused",
    "test_no_question_breaks_it",
}


@pytest.fixture(autouse=True)
def _seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # put back when the test ends


def test_every_check_has_its_negative_control() -> None:
    checks = {
        (rule_id, place.partition("::")[2]) for rule_id, places in trace.checks().items() for place in places
    }
    controlled = {(control.rule, check) for control in breaks.controls() for check in control.checks}
    assert sorted(checks - controlled) == []
    assert sorted((rule, check) for rule, check in controlled - checks if check not in OF_DATA) == []


def test_every_rule_of_a_question_has_its_negative_control() -> None:
    assert set(OF_A_QUESTION) <= {control.rule for control in breaks.controls()}


def test_names_of_controls_are_unique_within_their_rule() -> None:
    names = [(control.rule, control.name) for control in breaks.controls()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("control", breaks.controls(), ids=lambda control: f"{control.rule}-{control.name}")
def test_the_broken_rule_is_caught_by_its_own_check(control: Control) -> None:
    assert broken.try_control(control, alone=True).missed == []


def test_a_break_that_breaks_nothing_is_caught_by_nothing() -> None:
    async def honest(call: Call, server: Server) -> Answer:
        return await server(call)

    control = broken.Control("upload.start", "nothing", ("test_an_upload_starts_once",), make=lambda: honest)
    verdict = broken.try_control(control, alone=False)
    assert [(result.check, result.reason) for result in verdict.others] == []
    assert verdict.missed == ["test_an_upload_starts_once"]


def test_the_honest_server_fails_none() -> None:
    with MockServer() as server:
        done = run_checks("server", [f"--target-url={server.url}"])
    bad = [
        (one.check, one.outcome, one.reason)
        for one in done.results
        if one.outcome not in {"passed", "skipped"}
    ]
    assert bad == []
    assert done.exit_code == 0
