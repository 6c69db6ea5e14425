"""Servers whose interactions break one rule."""

from __future__ import annotations

import re
from typing import Any

from visionspec_conformance.broken import (
    Answer,
    Break,
    Call,
    Server,
    because,
    breaks,
    each,
    edited,
    remembering,
)

JSON = {"content-type": "application/json"}


def interactions(call: Call) -> bool:
    """Anything below interactions."""
    return call.parts[1:2] == ["interactions"]


def creates(call: Call) -> bool:
    """A new interaction."""
    return interactions(call) and call.method == "POST" and len(call.parts) == 2


def one(call: Call) -> bool:
    """GET or DELETE of an interaction."""
    return interactions(call) and call.method in {"GET", "DELETE"} and len(call.parts) == 3


def refuse(status: int, code: str = "invalid_request") -> Answer:
    """An error as interactions word it."""
    return Answer(status, JSON).but(json_body={"error": {"message": "No.", "code": code}})


def _asked(call: Call) -> dict[str, Any]:
    body = call.json()
    return body if isinstance(body, dict) else {}


@breaks("interactions.resource", "test_an_interaction_has_its_fields", where=creates)
async def no_object(call: Call, server: Server) -> Answer:
    return edited(await server(call), lambda body: body.pop("object", None))


@breaks("interactions.usage", "test_the_usage_adds_up", where=creates)
async def total_is_the_input_alone(call: Call, server: Server) -> Answer:
    def change(body: dict[str, Any]) -> None:
        if usage := body.get("usage"):
            usage["total_tokens"] = usage["total_input_tokens"]

    return edited(await server(call), change)


@breaks("interactions.input-shapes", "test_every_shape_of_input_is_read", where=creates)
async def a_single_content_is_refused(call: Call, server: Server) -> Answer:
    steps = _asked(call).get("input")
    single = isinstance(steps, dict) or (isinstance(steps, list) and "content" in steps[0])
    return refuse(400) if single else await server(call)


@breaks(
    "interactions.base64",
    "test_either_alphabet_of_base64_is_read",
    where=creates,
    related=because("its requests hold either alphabet, too", "interactions.input-shapes"),
)
async def padding_is_a_must(call: Call, server: Server) -> Answer:
    texts: list[str] = []
    each(_asked(call), lambda item: texts.append(item["data"]) if isinstance(item.get("data"), str) else None)
    ragged = any(len(text) % 4 or set(text) & set("-_") for text in texts)
    return refuse(400) if ragged else await server(call)


@breaks("interactions.versions", "test_every_version_answers", where=interactions)
async def only_v1beta(call: Call, server: Server) -> Answer:
    return await server(call) if call.parts[0] == "v1beta" else refuse(404, "not_found")


@breaks("interactions.api-revision", "test_the_revision_header_may_be_absent", where=creates)
async def a_revision_is_refused(call: Call, server: Server) -> Answer:
    return refuse(400) if "api-revision" in call.headers else await server(call)


@breaks("interactions.unknown-parameter", "test_a_parameter_that_does_not_exist_is_refused", where=creates)
async def unknown_parameters_are_ignored(call: Call, server: Server) -> Answer:
    body = {
        name: value
        for name, value in _asked(call).items()
        if name not in {"config", "zzz", "generation_confg"}
    }
    return await server(call.but(json_body=body))


@breaks("interactions.model-missing", "test_a_model_that_is_not_there_is_not_found", where=creates)
async def missing_models_are_bad_requests(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(status=400) if _asked(call).get("model") == "visionspec-none" else answer


@breaks("interactions.get", "test_get_gives_what_create_gave", where=one)
async def get_forgets_the_model(call: Call, server: Server) -> Answer:
    return edited(await server(call), lambda body: body.pop("model", None))


@breaks("interactions.include-input", "test_the_input_is_given_where_it_is_asked_for", where=one)
async def the_input_is_never_given(call: Call, server: Server) -> Answer:
    return await server(call.but(query=call.query.replace("include_input=true", "include_input=false")))


@breaks(
    "interactions.missing",
    "test_an_interaction_that_is_not_there_is_not_found",
    where=interactions,
    related=because("it asks for one that must be missing", "interactions.delete", "interactions.store"),
)
async def missing_is_forbidden(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(status=403) if answer.status == 404 and len(call.parts) > 2 else answer


@breaks(
    "interactions.delete",
    "test_what_was_deleted_is_gone",
    "test_what_lives_is_there_and_what_was_deleted_is_not",
    where=one,
)
async def nothing_is_deleted(call: Call, server: Server) -> Answer:
    if call.method != "DELETE":
        return await server(call)
    there = await server(call.but(method="GET"))
    return there.but(json_body={}) if there.status == 200 else there


@breaks("interactions.chain", "test_a_later_turn_knows_the_earlier_one", where=creates)
async def the_earlier_turn_is_forgotten(call: Call, server: Server) -> Answer:
    answer = await server(call)
    body = _asked(call)
    before = body.pop("previous_interaction_id", None)
    if before is None or answer.status != 200:
        return answer
    alone = await server(call.but(json_body=body))
    return edited(alone, lambda made: made.update(previous_interaction_id=before))


@breaks("interactions.chain", "test_a_chain_begins_somewhere", where=creates)
async def a_chain_begins_nowhere(call: Call, server: Server) -> Answer:
    body = _asked(call)
    if body.get("previous_interaction_id") == "v1_visionspec-none":
        del body["previous_interaction_id"]
        return await server(call.but(json_body=body))
    return await server(call)


@breaks("interactions.store", "test_what_is_not_stored_is_not_there", where=creates)
async def everything_is_stored(call: Call, server: Server) -> Answer:
    body = _asked(call)
    if body.get("store") is False and len(body) == 3:  # the model, the input and this
        del body["store"]
        return await server(call.but(json_body=body))
    return await server(call)


@breaks("interactions.store", "test_background_needs_the_store", where=creates)
async def background_without_store(call: Call, server: Server) -> Answer:
    body = _asked(call)
    if body.get("store") is False and body.get("background"):
        del body["store"]
        return await server(call.but(json_body=body))
    return await server(call)


@breaks("interactions.store", "test_a_chain_needs_the_store", where=creates)
async def a_chain_without_store(call: Call, server: Server) -> Answer:
    body = _asked(call)
    if body.get("store") is False and "previous_interaction_id" in body:
        del body["store"]
        return await server(call.but(json_body=body))
    return await server(call)


@breaks("interactions.background", "test_background_ends_later", where=creates)
async def background_is_foreground(call: Call, server: Server) -> Answer:
    body = _asked(call)
    if body.get("background") and body.get("store") is not False:
        del body["background"]
        return await server(call.but(json_body=body))
    return await server(call)


@breaks("interactions.cancel", "test_what_runs_in_the_background_can_be_cancelled", where=interactions)
async def cancel_is_unknown(call: Call, server: Server) -> Answer:
    return refuse(404, "not_found") if call.path.endswith("/cancel") else await server(call)


@breaks("interactions.mime-type", "test_a_type_that_is_not_supported_is_refused", where=creates)
async def any_type_is_taken(call: Call, server: Server) -> Answer:
    return await server(call.but(body=re.sub(rb'"(image/jpg|png)"', b'"image/png"', call.body)))


@breaks(
    "interactions.file-uri",
    "test_an_uploaded_file_is_looked_at",
    where=creates,
    related=because("some of its images are files", "interactions.several-images"),
)
async def files_are_not_known(call: Call, server: Server) -> Answer:
    return refuse(400) if b'"uri"' in call.body else await server(call)


@breaks("interactions.several-images", "test_every_image_counts_wherever_the_text_stands", where=creates)
async def only_the_first_image_is_seen(call: Call, server: Server) -> Answer:
    body = _asked(call)
    items = body.get("input")
    if isinstance(items, list):
        later = [item for item in items if item.get("type") == "image"][1:]
        body["input"] = [item for item in items if item not in later]
        call = call.but(json_body=body)
    return await server(call)


@breaks("interactions.resolution", "test_a_higher_resolution_costs_more", where=creates)
async def every_item_is_of_one_resolution(call: Call, server: Server) -> Answer:
    body = _asked(call)
    each(body.get("input"), lambda item: item.pop("resolution", None))
    return await server(call.but(json_body=body))


@breaks("interactions.resolution", "test_the_resolution_is_none_of_the_whole_request", where=creates)
async def a_resolution_of_the_request_is_ignored(call: Call, server: Server) -> Answer:
    body = _asked(call)
    for name in ("media_resolution", "resolution"):
        body.get("generation_config", {}).pop(name, None)
    return await server(call.but(json_body=body))


@breaks(
    "interactions.response-format",
    "test_json_is_answered_where_it_is_asked_for",
    "test_an_answer_fits_the_schema_that_it_was_asked_for",
    where=creates,
)
async def answers_are_prose(call: Call, server: Server) -> Answer:
    body = _asked(call)
    body.pop("response_format", None)
    return await server(call.but(json_body=body))


@breaks("interactions.response-format", "test_an_answer_fits_the_schema_that_it_was_asked_for", where=creates)
async def schemas_are_ignored(call: Call, server: Server) -> Answer:
    body = _asked(call)
    body.get("response_format", {}).pop("schema", None)
    return await server(call.but(json_body=body))


@breaks("interactions.thinking-level", "test_a_level_that_the_model_lacks_is_refused", where=creates)
async def every_model_thinks_at_every_level(call: Call, server: Server) -> Answer:
    body = _asked(call)
    body.get("generation_config", {}).pop("thinking_level", None)
    return await server(call.but(json_body=body))


@breaks("interactions.thinking-level", "test_a_level_that_the_model_has_is_taken", where=creates)
async def no_model_thinks_little(call: Call, server: Server) -> Answer:
    minimal = _asked(call).get("generation_config", {}).get("thinking_level") == "minimal"
    return refuse(400) if minimal else await server(call)


@breaks("interactions.stream-asked", "test_the_body_asks_for_a_stream_and_not_accept", where=creates)
async def accept_asks_for_a_stream(call: Call, server: Server) -> Answer:
    wanted = call.headers.get("accept", "").startswith("text/event-stream")
    asked = _asked(call)
    return await server(
        call.but(json_body={**asked, "stream": wanted} if wanted != asked.get("stream", False) else asked)
    )


@breaks("interactions.stream-event-type", "test_every_event_names_its_type_in_its_data", where=creates)
async def the_event_line_says_something_else(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(body=answer.body.replace(b"event: step.delta", b"event: content.delta"))


@breaks("interactions.stream-done", "test_a_stream_ends_with_done", where=creates)
async def a_stream_just_ends(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(body=answer.body.replace(b"event: done\ndata: [DONE]\n\n", b""))


@breaks(
    "interactions.stream-order",
    "test_events_come_in_their_order",
    where=creates,
    related=because("it counts on the same events", "interactions.stream-resume"),
)
async def steps_never_stop(call: Call, server: Server) -> Answer:
    answer = await server(call)
    blocks = answer.body.split(b"\n\n")
    kept = [block for block in blocks if not block.startswith(b"event: step.stop")]
    return answer.but(body=b"\n\n".join(kept)) if len(blocks) > 2 else answer


@breaks(
    "interactions.stream-text",
    "test_the_deltas_are_the_text_that_is_stored",
    where=creates,
    related=because("it counts on the same events", "interactions.stream-resume"),
)
async def a_delta_is_lost(call: Call, server: Server) -> Answer:
    answer = await server(call)
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return answer
    blocks = answer.body.split(b"\n\n")
    deltas = [block for block in blocks if b'"type":"text"' in block]
    kept = [block for block in blocks if block is not deltas[-1]]
    return answer.but(body=b"\n\n".join(kept))


@remembering(
    "interactions.stream-resume",
    "test_a_stream_can_be_taken_up_again",
    "test_a_stream_that_broke_off_can_be_taken_up",
    where=one,
)
def a_stream_begins_again() -> Break:
    async def again(call: Call, server: Server) -> Answer:
        return await server(call.but(query=re.sub(r"last_event_id=[^&]*&?", "", call.query)))

    return again
