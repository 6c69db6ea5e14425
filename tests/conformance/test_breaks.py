"""What breaks are made of: calls and answers that are changed, or stay as they were."""

from __future__ import annotations

import anyio
import pytest

from visionspec_conformance import breaks, trial
from visionspec_conformance.broken import Answer, Call, Server, because, edited, refuse

ASKED = Call("POST", "/v1beta/interactions", "", {"accept": "*/*"}, b'{"a":1, "b":[true]}')
SAID = Answer(200, {"content-type": "application/json"}, b'{"c" :1}')


async def hands_on(call: Call, server: Server) -> Answer:
    return await server(call)


async def spells_otherwise(call: Call, server: Server) -> Answer:
    return edited(await server(call.but(json_body={"b": [True], "a": 1})), lambda body: body.update(c=1))


async def asks_otherwise(call: Call, server: Server) -> Answer:
    return await server(call.but(json_body={"a": True, "b": [True]}))


async def asks_with_a_header(call: Call, server: Server) -> Answer:
    return await server(call.said(accept=None))


async def answers_otherwise(call: Call, server: Server) -> Answer:
    return edited(await server(call), lambda body: body.update(c=True))


async def never_asks(call: Call, server: Server) -> Answer:
    del call, server
    return refuse(400)


async def fails(call: Call, server: Server) -> Answer:
    await server(call)
    raise KeyError("file")


@pytest.mark.parametrize("nothing", [hands_on, spells_otherwise])
def test_a_break_that_changes_no_meaning_does_nothing(nothing: object) -> None:
    assert not anyio.run(trial._does_something, nothing, ASKED, SAID)


@pytest.mark.parametrize(
    "something", [asks_otherwise, asks_with_a_header, answers_otherwise, never_asks, fails]
)
def test_a_break_that_changes_one_thing_does_something(something: object) -> None:
    assert anyio.run(trial._does_something, something, ASKED, SAID)


def test_json_that_says_the_same_stays_as_it_was_spelled() -> None:
    assert ASKED.but(json_body={"b": [True], "a": 1.0}) == ASKED
    assert ASKED.but(json_body={"b": [1], "a": 1}).body == b'{"b": [1], "a": 1}'
    assert SAID.but(json_body={}).body == b"{}"


def test_a_rule_is_related_to_others_only_and_by_a_reason() -> None:
    for control in breaks.controls():
        assert control.rule not in control.related
        assert all(control.related.values())


def test_a_reason_may_hold_for_several_rules() -> None:
    assert because("so", "models.get", "models.list") == {"models.get": "so", "models.list": "so"}
