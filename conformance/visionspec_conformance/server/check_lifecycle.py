"""Interactions over their life: chains, gets and deletes in any order; the model is who is alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from visionspec_conformance.judge import expect, expect_that
from visionspec_conformance.server import talk
from visionspec_conformance.server.machine import Machine, run

if TYPE_CHECKING:
    from visionspec_conformance.target import Target


class _Interactions(Machine):
    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.alive: dict[str, bool] = {}

    def _pick(self, number: int) -> tuple[str, bool]:
        return list(self.alive.items())[number % len(self.alive)]

    @rule()
    def create(self) -> None:
        """Begin a chain."""
        self.alive[talk.interaction(self.target, {"input": "hi"})["id"]] = True

    @precondition(lambda self: self.alive)
    @rule(number=st.integers(0, 9))
    def go_on(self, number: int) -> None:
        """Continue a chain at any of its turns; at one that was deleted, there is nothing to continue."""
        before, alive = self._pick(number)
        reply = talk.interact(self.target, {"input": "and?", "previous_interaction_id": before})
        if alive:
            expect(reply.status, 200, "status of a turn after a stored one")
            made = reply.object()
            expect(made.get("previous_interaction_id"), before, "previous_interaction_id")
            self.alive[talk.dig(made, "id")] = True
        else:
            expect_that(reply.status in {400, 404}, "400 or 404 after a deleted turn", reply.status)

    @precondition(lambda self: self.alive)
    @rule(number=st.integers(0, 9))
    def get(self, number: int) -> None:
        """Get any of them."""
        name, alive = self._pick(number)
        reply = self.target.send("GET", f"/{{v}}/interactions/{name}?stream=false")
        expect(reply.status, 200 if alive else 404, f"status of a {'stored' if alive else 'deleted'} one")

    @precondition(lambda self: self.alive)
    @rule(number=st.integers(0, 9))
    def delete(self, number: int) -> None:
        """Delete any of them."""
        name, alive = self._pick(number)
        reply = self.target.send("DELETE", f"/{{v}}/interactions/{name}")
        expect(
            reply.status,
            200 if alive else 404,
            f"status of delete of a {'stored' if alive else 'deleted'} one",
        )
        self.alive[name] = False


@pytest.mark.rule("interactions.delete")
def test_what_lives_is_there_and_what_was_deleted_is_not(target: Target) -> None:
    run(_Interactions, target)
