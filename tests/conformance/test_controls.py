"""Negative controls: every check is seen to fail on what breaks its rule, and on nothing honest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from visionspec import trace
from visionspec_conformance import breaks, trial
from visionspec_conformance.broken import because
from visionspec_conformance.client.check_requests import OF_A_QUESTION

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.controls

CONTROLS = {"/".join(control.key): control for control in breaks.controls()}


@pytest.fixture(autouse=True)
def _seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # put back when the test ends


def decided() -> set[tuple[str, str]]:
    """Rule and check, of all that a server or a client can be asked; a rule of vectors stands in no mark."""
    marked = {
        (rule_id, place.partition("::")[2]) for rule_id, places in trace.checks().items() for place in places
    }
    of_questions = {(rule_id, "test_no_question_breaks_it") for rule_id in OF_A_QUESTION}
    of_the_server = {
        (result.rule, trial.name_of(result))
        for result in trial.honest().run.results
        if result.outcome != "skipped"
    }
    return marked | of_questions | of_the_server


def test_every_check_has_its_negative_control() -> None:
    controlled = {(control.rule, check) for control in CONTROLS.values() for check in control.checks}
    # One check decides all vectors; tests/conformance/test_adapters.py sees every single one of them fail.
    vectors = {(rule_id, "test_vector") for rule_id in trace.vectors()}
    assert vectors & controlled
    assert sorted(decided() - controlled) == []
    assert sorted(controlled - decided() - vectors) == []


def test_names_of_controls_are_unique_within_their_rule() -> None:
    assert len(CONTROLS) == len(breaks.controls())


def test_the_honest_server_fails_none() -> None:
    run = trial.honest().run
    assert [one for one in run.results if one.outcome not in {"passed", "skipped"}] == []
    assert run.exit_code == 0


@pytest.mark.parametrize("name", CONTROLS)
def test_the_broken_rule_is_caught_by_its_own_check_and_by_no_other(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    verdict = trial.try_control(CONTROLS[name])
    record_property("control caught", verdict.caught)
    record_property("control good", verdict.good)
    others = [(one.rule, one.check, one.reason) for one in verdict.others]
    assert (verdict.missed, verdict.stale, others) == ([], [], [])


def test_a_check_that_does_not_notice_is_reported() -> None:
    control = CONTROLS["models.get/limits-are-missing"]
    verdict = trial.try_control(control._replace(checks=("test_models_are_listed_by_name",)))
    assert verdict.missed == ["test_models_are_listed_by_name"]
    assert not verdict.caught
    assert not verdict.good


def test_a_rule_that_notices_without_being_related_is_reported() -> None:
    control = CONTROLS["generate.stream-sse/a-stream-says-done"]
    verdict = trial.try_control(control._replace(related={}))
    assert [one.rule for one in verdict.others] == ["generate.stream-end"]
    assert verdict.caught
    assert not verdict.good


def test_a_relation_that_does_not_come_true_is_reported() -> None:
    control = CONTROLS["models.get/limits-are-missing"]
    verdict = trial.try_control(control._replace(related=because("a test", "models.list")))
    assert (verdict.missed, verdict.stale, verdict.others) == ([], ["models.list"], [])
    assert verdict.caught
    assert not verdict.good


def test_checks_that_are_left_out_would_not_have_noticed() -> None:
    """What `trial` takes for granted, with a break that does something to a tenth of the checks."""
    control = CONTROLS["interactions.missing/missing-is-forbidden"]
    some, all_ = (trial.try_control(control, all_checks=all_checks) for all_checks in (False, True))
    assert some.checks < 10
    assert all_.checks > 300
    assert some._replace(checks=0) == all_._replace(checks=0)
