"""How long a client waits before it tries again; the waits of the SDKs are as they were measured."""

from __future__ import annotations

from typing import Any

import pytest

from visionspec.errors import InvalidInput
from visionspec.rules.conduct import least_wait_s

# 0.5 s doubled up to 8 s, each up to a quarter less at random: so both SDKs wait.
SHORTEST_OF_THE_SDKS = [0.375, 0.75, 1.5, 3.0, 6.0, 6.0]


@pytest.mark.rule("errors.back-off")
class TestLeastWait:
    @pytest.mark.parametrize(
        ("failures", "wait_s"), [(1, 0.3), (2, 0.6), (3, 1.2), (4, 2.4), (5, 4.8), (6, 5.0), (9**9, 5.0)]
    )
    def test_it_doubles_up_to_five_seconds(self, failures: int, wait_s: float) -> None:
        assert least_wait_s(failures) == pytest.approx(wait_s)

    def test_the_sdks_keep_it(self) -> None:
        assert all(
            least_wait_s(failures) < waited_s for failures, waited_s in enumerate(SHORTEST_OF_THE_SDKS, 1)
        )

    @pytest.mark.parametrize("told_s", [0, 0.005, 34, 3600.5])
    def test_what_the_server_said_goes_before(self, told_s: float) -> None:
        assert [least_wait_s(1, told_s=told_s), least_wait_s(7, told_s=told_s)] == [told_s, told_s]
        assert type(least_wait_s(1, told_s=told_s)) is float

    @pytest.mark.parametrize("failures", [0, -1, True, 1.0, "1", None])
    def test_a_number_of_failures_that_is_none(self, failures: Any) -> None:
        with pytest.raises(InvalidInput, match=r"is no number of failures: 1 or more") as caught:
            least_wait_s(failures)
        assert (caught.value.rule, caught.value.given) == ("errors.back-off", failures)

    @pytest.mark.parametrize("told_s", [-0.1, float("inf"), float("nan"), True, "1"])
    def test_a_time_that_is_none(self, told_s: Any) -> None:
        with pytest.raises(InvalidInput, match=r"is no time in seconds") as caught:
            least_wait_s(1, told_s=told_s)
        assert caught.value.rule == "errors.back-off"
        assert caught.value.given is told_s
