"""Ids and clocks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from visionspec_mockserver.sources import Clock, Ids, ManualClock, SteppingClock, SystemClock

FORMS = {
    "file_id": r"[a-z0-9]{12}",  # a dash would end it in the eyes of Python's SDK
    "interaction_id": r"v1_[A-Za-z0-9_-]{32}",
    "upload_id": r"[A-Za-z0-9_-]{64}",
    "response_id": r"[A-Za-z0-9_-]{22}",
    "call_id": r"[A-Za-z0-9_-]{8}",
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("seed", [None, 0])
def test_form_and_variety(name: str, seed: int | None) -> None:
    make = getattr(Ids(seed), name)
    made = [make() for _ in range(500)]
    assert all(re.fullmatch(FORMS[name], one) for one in made)
    assert len(set(made)) == 500


def test_a_seed_repeats_and_none_does_not() -> None:
    assert Ids(5).interaction_id() == Ids(5).interaction_id()
    assert Ids(5).interaction_id() != Ids(6).interaction_id()
    assert Ids().interaction_id() != Ids().interaction_id()


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock(), SteppingClock()])
def test_a_clock_goes_forward(clock: Clock) -> None:
    before = clock.now()
    assert before.tzinfo is UTC
    clock.advance(90)
    assert timedelta(seconds=90) <= clock.now() - before < timedelta(seconds=100)


def test_the_clocks_start() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)
    clock = ManualClock(datetime(2030, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now() == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_clock_that_repeats_itself() -> None:
    """By asking alone: what is waited for comes, and in every run after as many questions."""
    one, other = SteppingClock(), SteppingClock()
    begun = one.now()
    assert other.now() == begun
    assert [one.now() - begun for _ in range(5)][-1] == timedelta(seconds=0.5)
