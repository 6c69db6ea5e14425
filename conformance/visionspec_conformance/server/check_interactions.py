"""Interactions: create in every shape of input, get, chain, background, cancel, delete."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionspec_conformance.judge import expect, expect_that
from visionspec_conformance.server import structured, talk
from visionspec_conformance.strategies import base64_texts, interaction_requests, pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DataObject

    from visionspec_conformance.strategies import Picture
    from visionspec_conformance.target import Reply, Target

STATUSES = {
    "in_progress",
    "requires_action",
    "completed",
    "failed",
    "cancelled",
    "incomplete",
    "budget_exceeded",
    "queued",
    "requires_continuation",
}

# The model of both pages about interactions: media resolution per item is one of Gemini 3.
_OF_GEMINI_3 = "gemini-3-flash-preview"
_HAVE_MINIMAL = ("gemini-3-flash-preview", "gemini-3.5-flash", "gemini-3.6-flash")
_LACK_MINIMAL = ("gemini-3.1-pro-preview", "gemini-3.7-flash", "gemini-3.8-flash", "gemini-4-argon")


def image(picture: Picture) -> dict[str, Any]:
    """A content item that holds the picture."""
    return {
        "type": "image",
        "mime_type": picture.mime_type,
        "data": base64.b64encode(picture.data).decode("ascii"),
    }


DOT = {"type": "image", "mime_type": "image/png", "data": base64.b64encode(talk.DOT).decode("ascii")}
CAPTION = {"type": "text", "text": "Caption this image."}


def answered(reply: Reply) -> dict[str, Any]:
    """The reply must be a completed interaction whose last step is the model's text."""
    expect(reply.status, 200, "status")
    body = talk.whole(reply).object()
    expect(body.get("status"), "completed", "status of the interaction")
    step = talk.dig(body, "steps", -1)
    expect(step.get("type"), "model_output", "type of the last step")
    expect_that(isinstance(talk.dig(step, "content", 0, "text"), str), "a text", step)
    return body


def image_tokens(reply: Reply) -> int:
    """What the images of an interaction cost."""
    details = talk.dig(answered(reply), "usage", "input_tokens_by_modality")
    return sum(one["tokens"] for one in details if one["modality"] == "image")


def uploaded(target: Target, picture: Picture) -> dict[str, Any]:
    """A content item that refers to the picture."""
    uri = talk.active(target, talk.upload(target, picture.data, picture.mime_type))["uri"]
    return {"type": "image", "uri": uri, "mime_type": picture.mime_type}


def expect_looked_at(target: Target, reply: Reply) -> None:
    """The image must have been read, as far as a usage tells that splits off the images of a plain request."""
    if "splits interactions" not in target.known:
        plain = answered(talk.interact(target, {"input": [CAPTION, DOT]}))
        target.known["splits interactions"] = _image_count(plain) > 0
    if target.known["splits interactions"]:
        body = answered(reply)
        expect_that(_image_count(body) > 0, "tokens of modality image", body.get("usage"))


def _image_count(body: dict[str, Any]) -> int:
    details = body.get("usage", {}).get("input_tokens_by_modality", [])
    return sum(one.get("tokens", 0) for one in details if one.get("modality") == "image")


def of_model(target: Target, model: str, body: dict[str, Any]) -> Reply:
    """Ask a certain model, if the server has it."""
    reply = talk.interact(target, {"model": model, **body})
    if reply.status == 404:
        pytest.skip(f"the server does not have the model {model}")
    return reply


def expect_refusal(reply: Reply, status: int, code: str) -> dict[str, Any]:
    """The reply must be an error with a string code; gives its ``error``."""
    expect(reply.status, status, "status")
    error = talk.dig(reply.object(), "error")
    expect(error.get("code"), code, "error.code")
    expect_that(isinstance(error.get("message"), str), "a message", error)
    return dict(error)


def fetch(target: Target, interaction_id: str, query: str = "?stream=false") -> Reply:
    """Get an interaction."""
    return target.send("GET", f"/{{v}}/interactions/{interaction_id}{query}")


@pytest.mark.schema
@pytest.mark.rule("interactions.resource")
@given(pictures())
def test_an_interaction_has_its_fields(target: Target, picture: Picture) -> None:
    body = answered(talk.interact(target, {"input": [CAPTION, image(picture)]}))
    expect_that(isinstance(body.get("id"), str) and body["id"], "an id", body.get("id"))
    expect(body.get("object"), "interaction", "object")
    expect(body.get("model"), target.model, "model")
    for name in ("created", "updated"):
        talk.moment(body, name)


@pytest.mark.schema
@pytest.mark.rule("interactions.usage")
@given(pictures(["image/png"]))
def test_the_usage_adds_up(target: Target, picture: Picture) -> None:
    usage = talk.dig(answered(talk.interact(target, {"input": [CAPTION, image(picture)]})), "usage")
    parts = [usage.get(f"total_{name}_tokens", 0) for name in ("input", "output", "thought", "tool_use")]
    expect(talk.dig(usage, "total_tokens"), sum(parts), "total_tokens")
    inputs = {one["modality"]: one["tokens"] for one in talk.dig(usage, "input_tokens_by_modality")}
    expect(sum(inputs.values()), parts[0], "sum of input_tokens_by_modality")
    expect_that(inputs.get("image", 0) > 0, "tokens of modality image", inputs)


@pytest.mark.rule("interactions.input-shapes")
@given(st.data())
def test_every_shape_of_input_is_read(target: Target, data: DataObject) -> None:
    body = data.draw(interaction_requests(model=target.model))
    reply = talk.interact(target, body)
    answered(reply)
    if isinstance(body["input"], list):
        expect_looked_at(target, reply)


@pytest.mark.rule("interactions.base64")
@given(st.data())
def test_either_alphabet_of_base64_is_read(target: Target, data: DataObject) -> None:
    picture = data.draw(pictures(["image/png"]))
    item = {**image(picture), "data": data.draw(base64_texts(picture.data))}
    reply = talk.interact(target, {"input": [CAPTION, item]})
    answered(reply)
    expect_looked_at(target, reply)


@pytest.mark.rule("interactions.versions")
@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_every_version_answers(target: Target, version: str) -> None:
    answered(target.send("POST", f"/{version}/interactions", json={"model": target.model, "input": "hi"}))


@pytest.mark.rule("interactions.api-revision")
@given(st.sampled_from([{}, {"api-revision": "2026-05-20"}]))
def test_the_revision_header_may_be_absent(target: Target, headers: dict[str, str]) -> None:
    answered(talk.interact(target, {"input": "hi"}, **headers))


@pytest.mark.rule("interactions.unknown-parameter")
@given(st.sampled_from(["config", "zzz", "generation_confg"]))
def test_a_parameter_that_does_not_exist_is_refused(target: Target, name: str) -> None:
    error = expect_refusal(talk.interact(target, {"input": "hi", name: {"a": 1}}), 400, "parameter_unknown")
    expect_that(name in error["message"], f"a message that names {name!r}", error)


@pytest.mark.rule("interactions.model-missing")
def test_a_model_that_is_not_there_is_not_found(target: Target) -> None:
    reply = talk.interact(target, {"model": "visionspec-none", "input": "hi"})
    expect(reply.status, 404, "status")
    expect_that(
        isinstance(talk.dig(reply.object(), "error", "code"), str), "a string as error.code", reply.text
    )


@pytest.mark.rule("interactions.get")
@given(pictures(["image/png"]))
def test_get_gives_what_create_gave(target: Target, picture: Picture) -> None:
    made = talk.interaction(target, {"input": [CAPTION, image(picture)]})
    reply = fetch(target, made["id"])
    expect(reply.status, 200, "status")
    got = reply.object()
    for name in ("id", "status", "model"):
        expect(got.get(name), made.get(name), name)
    expect(talk.dig(got, "steps", -1), talk.dig(made, "steps", -1), "the last step")


@pytest.mark.rule("interactions.include-input")
def test_the_input_is_given_where_it_is_asked_for(target: Target) -> None:
    made = talk.interaction(target, {"input": [CAPTION, DOT]})
    got = fetch(target, made["id"], "?include_input=true&stream=false")
    expect(got.status, 200, "status")
    types = [step.get("type") for step in talk.dig(got.object(), "steps")]
    expect_that("user_input" in types, "a step user_input", types)
    created = [step.get("type") for step in made.get("steps", [])]
    expect_that("user_input" not in created, "no step user_input in the answer to create", created)


@pytest.mark.rule("interactions.missing")
@given(st.sampled_from([("GET", ""), ("DELETE", ""), ("POST", "/cancel")]))
def test_an_interaction_that_is_not_there_is_not_found(target: Target, asked: tuple[str, str]) -> None:
    method, tail = asked
    reply = target.send(method, f"/{{v}}/interactions/v1_visionspec-none{tail}", content=b"")
    expect_refusal(reply, 404, "not_found")


@pytest.mark.rule("interactions.delete")
def test_what_was_deleted_is_gone(target: Target) -> None:
    made = talk.interaction(target, {"input": "hi"})
    reply = target.send("DELETE", f"/{{v}}/interactions/{made['id']}")
    expect(reply.status, 200, "status of delete")
    expect_that(reply.body.strip() in {b"", b"{}"}, "an empty object, or nothing", reply.text[:200])
    expect_refusal(fetch(target, made["id"]), 404, "not_found")


@pytest.mark.rule("interactions.chain")
def test_a_later_turn_knows_the_earlier_one(target: Target) -> None:
    first = talk.interaction(target, {"input": [CAPTION, DOT]})
    alone = talk.interaction(target, {"input": "And now?"})
    second = answered(talk.interact(target, {"input": "And now?", "previous_interaction_id": first["id"]}))
    expect(second.get("previous_interaction_id"), first["id"], "previous_interaction_id")
    expect_that(
        talk.dig(second, "usage", "total_input_tokens") > talk.dig(alone, "usage", "total_input_tokens"),
        "more input tokens than the same turn alone",
        talk.dig(second, "usage"),
    )


@pytest.mark.rule("interactions.chain")
def test_a_chain_begins_somewhere(target: Target) -> None:
    reply = talk.interact(target, {"input": "hi", "previous_interaction_id": "v1_visionspec-none"})
    expect_that(
        reply.status in {400, 404}, "400 or 404 for a previous interaction that is not there", reply.status
    )


@pytest.mark.rule("interactions.store")
def test_what_is_not_stored_is_not_there(target: Target) -> None:
    made = answered(talk.interact(target, {"input": "hi", "store": False}))
    if made.get("id"):
        expect_refusal(fetch(target, made["id"]), 404, "not_found")


@pytest.mark.rule("interactions.store")
def test_background_needs_the_store(target: Target) -> None:
    reply = talk.interact(target, {"input": "hi", "store": False, "background": True})
    expect(reply.status, 400, "status of store: false with background: true")


@pytest.mark.rule("interactions.store")
def test_a_chain_needs_the_store(target: Target) -> None:
    first = talk.interaction(target, {"input": "hi"})
    reply = talk.interact(target, {"input": "hi", "store": False, "previous_interaction_id": first["id"]})
    expect(reply.status, 400, "status of store: false with previous_interaction_id")


@pytest.mark.rule("interactions.background")
def test_background_ends_later(target: Target) -> None:
    reply = talk.interact(target, {"input": [CAPTION, DOT], "background": True})
    expect(reply.status, 200, "status")
    made = talk.whole(reply).object()
    expect_that(made.get("status") in {"in_progress", "queued"}, "in_progress or queued", made.get("status"))
    deadline = time.monotonic() + talk.WAIT_S
    got = made
    while got.get("status") in {"in_progress", "queued"} and time.monotonic() < deadline:
        time.sleep(0.1)
        got = fetch(target, made["id"]).object()
    expect(got.get("status"), "completed", f"status within {talk.WAIT_S:.0f} s")
    talk.dig(got, "steps", -1, "content", 0, "text")


@pytest.mark.rule("interactions.cancel")
def test_what_runs_in_the_background_can_be_cancelled(target: Target, note: Callable[[str], None]) -> None:
    made = talk.interact(target, {"input": [CAPTION, DOT], "background": True})
    if made.status != 200:
        talk.unmet("no interaction in the background", made)
    interaction_id = talk.dig(talk.whole(made).object(), "id")
    reply = target.send(
        "POST",
        f"/{{v}}/interactions/{interaction_id}/cancel",
        content=b"",
        headers={"content-type": "application/json"},
    )
    status = fetch(target, interaction_id).object().get("status")
    if reply.status == 400 and status == "completed":
        pytest.skip("the interaction had completed before it could be cancelled")
    expect(reply.status, 200, "status")
    expect(reply.object().get("id"), interaction_id, "id")
    expect_that(status in {"cancelled", "completed"}, "cancelled, or completed before", status)
    if status == "completed":
        note("it had completed before it was cancelled")


@pytest.mark.rule("interactions.mime-type")
@given(st.sampled_from(["image/jpg", "png"]))
def test_a_type_that_is_not_supported_is_refused(target: Target, mime_type: str) -> None:
    reply = talk.interact(target, {"input": [CAPTION, {**DOT, "mime_type": mime_type}]})
    expect_refusal(reply, 400, "invalid_request")


@pytest.mark.rule("interactions.file-uri")
@given(pictures())
def test_an_uploaded_file_is_looked_at(target: Target, picture: Picture) -> None:
    answered(talk.interact(target, {"input": [CAPTION, uploaded(target, picture)]}))


@pytest.mark.rule("interactions.several-images")
@given(st.lists(st.tuples(pictures(), st.booleans()), min_size=2, max_size=3), st.data())
def test_every_image_counts_wherever_the_text_stands(
    target: Target, chosen: list[tuple[Picture, bool]], data: DataObject
) -> None:
    items = [uploaded(target, picture) if as_file else image(picture) for picture, as_file in chosen]
    alone = [image_tokens(talk.interact(target, {"input": [CAPTION, item]})) for item in items]
    items.insert(data.draw(st.integers(0, len(items)), label="place of the text"), CAPTION)
    got = image_tokens(talk.interact(target, {"input": items}))
    expect_that(abs(got - sum(alone)) <= 1, f"{alone} tokens of modality image, give or take 1 in all", got)


@pytest.mark.rule("interactions.resolution")
@given(pictures(["image/png"]))
def test_a_higher_resolution_costs_more(target: Target, picture: Picture) -> None:
    costs = [
        image_tokens(
            of_model(target, _OF_GEMINI_3, {"input": [CAPTION, {**image(picture), "resolution": level}]})
        )
        for level in ("low", "medium", "high", "ultra_high")
    ]
    expect_that(costs == sorted(set(costs)), "more image tokens from each level to the next", costs)


@pytest.mark.rule("interactions.resolution")
@given(st.sampled_from(["media_resolution", "resolution"]))
def test_the_resolution_is_none_of_the_whole_request(target: Target, name: str) -> None:
    body = {"input": [CAPTION, DOT], "generation_config": {name: "low"}}
    expect(talk.interact(target, body).status, 400, "status")


@pytest.mark.rule("interactions.response-format")
@given(pictures(["image/png"]))
def test_json_is_answered_where_it_is_asked_for(target: Target, picture: Picture) -> None:
    wanted = {"type": "text", "mime_type": "application/json"}
    made = answered(talk.interact(target, {"input": [CAPTION, image(picture)], "response_format": wanted}))
    structured.expect_json(talk.dig(made, "steps", -1, "content", 0, "text"))


@pytest.mark.rule("interactions.response-format")
@given(pictures(["image/png"]), structured.schemas())
def test_an_answer_fits_the_schema_that_it_was_asked_for(
    target: Target, picture: Picture, schema: dict[str, Any]
) -> None:
    wanted = {"type": "text", "mime_type": "application/json", "schema": schema}
    made = answered(talk.interact(target, {"input": [CAPTION, image(picture)], "response_format": wanted}))
    structured.expect_instance(talk.dig(made, "steps", -1, "content", 0, "text"), schema)


@pytest.mark.rule("interactions.thinking-level")
@pytest.mark.parametrize("model", _LACK_MINIMAL)
def test_a_level_that_the_model_lacks_is_refused(target: Target, model: str) -> None:
    body = {"input": "hi", "generation_config": {"thinking_level": "minimal"}}
    error = expect_refusal(of_model(target, model, body), 400, "invalid_request")
    expect_that("MINIMAL" in error["message"], "a message that names the level", error)


@pytest.mark.rule("interactions.thinking-level")
@pytest.mark.parametrize("model", _HAVE_MINIMAL)
def test_a_level_that_the_model_has_is_taken(target: Target, model: str) -> None:
    answered(of_model(target, model, {"input": "hi", "generation_config": {"thinking_level": "minimal"}}))
