"""Servers whose generateContent, streams and counts break one rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from visionspec_conformance.broken import Answer, Call, Server, because, breaks, each, edited, refuse

if TYPE_CHECKING:
    from collections.abc import Callable


def methods(call: Call) -> bool:
    """Any method of a model."""
    return call.parts[1:2] == ["models"] and ":" in call.path


def generates(call: Call) -> bool:
    """A call of generateContent."""
    return methods(call) and call.path.endswith(":generateContent")


def streams(call: Call) -> bool:
    """A call of streamGenerateContent."""
    return methods(call) and call.path.endswith(":streamGenerateContent")


def counts(call: Call) -> bool:
    """A call of countTokens."""
    return methods(call) and call.path.endswith(":countTokens")


def _keys(value: Any) -> set[str]:
    found: set[str] = set()
    each(value, found.update)
    return found


def _changed(call: Call, change: Callable[[dict[str, Any]], None]) -> Call:
    """The call with every object of its body changed in place; anything but JSON stays as it is."""
    body = call.json()
    if body is None:
        return call
    each(body, change)
    return call.but(json_body=body)


def _base64(call: Call) -> list[str]:
    found: list[str] = []
    each(call.json(), lambda one: found.append(one["data"]) if isinstance(one.get("data"), str) else None)
    return found


@breaks("generate.response", "test_an_answer_is_a_candidate_with_text", where=generates)
async def role_of_the_answer_is_missing(call: Call, server: Server) -> Answer:
    def change(body: dict[str, Any]) -> None:
        for candidate in body.get("candidates", []):
            candidate["content"].pop("role", None)

    return edited(await server(call), change)


@breaks("generate.usage", "test_the_usage_adds_up", where=generates)
async def total_is_the_prompt_alone(call: Call, server: Server) -> Answer:
    def change(body: dict[str, Any]) -> None:
        if usage := body.get("usageMetadata"):
            usage["totalTokenCount"] = usage["promptTokenCount"]

    return edited(await server(call), change)


@breaks("generate.key-case", "test_keys_are_read_in_either_case_at_every_level", where=generates)
async def camel_case_only(call: Call, server: Server) -> Answer:
    return refuse(400) if "inline_data" in _keys(call.json()) else await server(call)


@breaks(
    "generate.base64",
    "test_either_alphabet_of_base64_is_read",
    where=generates,
    related=because("its requests hold either alphabet, too", "generate.key-case"),
)
async def padding_is_a_must(call: Call, server: Server) -> Answer:
    ragged = any(len(text) % 4 or set(text) & set("-_") for text in _base64(call))
    return refuse(400) if ragged else await server(call)


@breaks("generate.base64", "test_what_is_not_base64_is_refused", where=generates)
async def noise_is_dropped(call: Call, server: Server) -> Answer:
    answer = await server(call)
    wrong = answer.status == 400 and b"Base64" in answer.body
    return (
        Answer(200, {"content-type": "application/json"}).but(json_body={"candidates": []})
        if wrong
        else answer
    )


@breaks("generate.trailing-comma", "test_the_trailing_comma_of_the_samples_is_read", where=generates)
async def strict_json(call: Call, server: Server) -> Answer:
    return refuse(400) if call.json() is None else await server(call)


@breaks("generate.versions", "test_every_version_answers", where=methods)
async def only_v1beta(call: Call, server: Server) -> Answer:
    return await server(call) if call.parts[0] == "v1beta" else refuse(404, "NOT_FOUND")


@breaks("generate.unknown-field", "test_a_field_that_does_not_exist_is_named", where=generates)
async def unknown_fields_are_ignored(call: Call, server: Server) -> Answer:
    body = call.json()
    if isinstance(body, dict):
        known = {"contents", "generationConfig", "generation_config"}
        call = call.but(json_body={name: value for name, value in body.items() if name in known})
    return await server(call)


@breaks("generate.empty", "test_nothing_asked_is_refused", where=generates)
async def nothing_is_answered_with_nothing(call: Call, server: Server) -> Answer:
    answer = await server(call)
    body = call.json()
    empty = isinstance(body, dict) and not body.get("contents") and answer.status == 400
    return Answer(200, {"content-type": "application/json"}, b"{}") if empty else answer


@breaks("generate.malformed-json", "test_what_is_not_json_is_refused", where=generates)
async def no_json_is_a_fault_of_ours(call: Call, server: Server) -> Answer:
    broken = call.json() is None and b"Caption" not in call.body
    return refuse(500, "INTERNAL") if broken else await server(call)


@breaks(
    "generate.file-data",
    "test_an_uploaded_file_is_looked_at",
    where=generates,
    related=because("some of its images are files", "generate.several-images")
    | because("a missing file is refused in another way than every file", "generate.file-missing"),
)
async def files_are_not_known(call: Call, server: Server) -> Answer:
    return refuse(400) if b"fileData" in call.body else await server(call)


@breaks("generate.file-missing", "test_a_file_that_is_not_there_is_forbidden", where=generates)
async def missing_files_are_not_found(call: Call, server: Server) -> Answer:
    answer = await server(call)
    missing = answer.status == 403 and b"fileData" in call.body
    return refuse(404, "NOT_FOUND") if missing else answer


@breaks("generate.gs-uri", "test_an_object_of_cloud_storage_is_refused", where=generates)
async def cloud_storage_is_read(call: Call, server: Server) -> Answer:
    def change(one: dict[str, Any]) -> None:
        if str(one.get("fileData", {}).get("fileUri", "")).startswith("gs://"):
            one.clear()
            one["text"] = "an image"

    return await server(_changed(call, change))


@breaks("generate.several-images", "test_every_image_counts_wherever_the_text_stands", where=generates)
async def only_the_first_image_is_seen(call: Call, server: Server) -> Answer:
    def change(one: dict[str, Any]) -> None:
        parts = one.get("parts", [])
        later = [part for part in parts if "inlineData" in part or "fileData" in part][1:]
        if later:
            one["parts"] = [part for part in parts if part not in later]

    return await server(_changed(call, change))


@breaks(
    "generate.response-format",
    "test_json_is_answered_where_it_is_asked_for",
    "test_an_answer_fits_the_schema_that_it_was_asked_for",
    where=generates,
)
async def answers_are_prose(call: Call, server: Server) -> Answer:
    def change(one: dict[str, Any]) -> None:
        one.pop("responseMimeType", None)
        one.pop("responseSchema", None)

    return await server(_changed(call, change))


@breaks("generate.response-format", "test_an_answer_fits_the_schema_that_it_was_asked_for", where=generates)
async def schemas_are_ignored(call: Call, server: Server) -> Answer:
    return await server(_changed(call, lambda one: one.pop("responseSchema", None)))


@breaks("generate.mime-type", "test_a_type_that_is_not_supported_is_refused", where=generates)
async def any_type_is_taken(call: Call, server: Server) -> Answer:
    return await server(
        call.but(body=re.sub(rb'"(image/jpg|png|image/tiff|image/x-icon)"', b'"image/png"', call.body))
    )


@breaks("generate.corrupt-image", "test_bytes_that_are_no_image_are_refused", where=generates)
async def broken_images_are_imagined(call: Call, server: Server) -> Answer:
    answer = await server(call)
    unread = answer.status == 400 and b"Unable to process input image" in answer.body
    return (
        Answer(200, {"content-type": "application/json"}).but(json_body={"candidates": []})
        if unread
        else answer
    )


@breaks("generate.model-missing", "test_a_model_that_is_not_there_is_not_found", where=methods)
async def missing_models_are_bad_requests(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return refuse(400) if answer.status == 404 and "visionspec-none" in call.path else answer


@breaks("generate.candidate-count", "test_there_are_one_to_eight_candidates", where=generates)
async def any_number_of_candidates(call: Call, server: Server) -> Answer:
    return await server(
        call.but(body=re.sub(rb'"candidateCount": (-\d+|0|9)', b'"candidateCount": 1', call.body))
    )


@breaks("generate.stop-sequences", "test_there_are_at_most_five_stop_sequences", where=generates)
async def any_number_of_stops(call: Call, server: Server) -> Answer:
    return await server(call.but(body=call.body.replace(b', "f"]', b"]")))


@breaks("generate.media-resolution", "test_a_media_resolution_is_one_of_the_enum", where=generates)
async def odd_resolutions_are_ignored(call: Call, server: Server) -> Answer:
    body = call.json()
    if isinstance(body, dict):
        body.get("generationConfig", {}).pop("mediaResolution", None)
        call = call.but(json_body=body)
    return await server(call)


@breaks("generate.count-tokens", "test_counted_tokens_are_those_of_the_prompt", where=counts)
async def images_cost_nothing(call: Call, server: Server) -> Answer:
    def change(body: dict[str, Any]) -> None:
        details = body.get("promptTokensDetails", [])
        body["totalTokens"] = sum(one["tokenCount"] for one in details if one["modality"] != "IMAGE")

    return edited(await server(call), change)


@breaks(
    "generate.stream-sse",
    "test_a_stream_is_data_lines_of_json",
    where=streams,
    related=because("it reads the last event as an answer", "generate.stream-end"),
)
async def a_stream_says_done(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(body=answer.body + b"data: [DONE]\n\n") if "alt=sse" in call.query else answer


@breaks("generate.stream-end", "test_the_last_piece_says_why_it_ends_and_what_it_cost", where=streams)
async def a_stream_just_ends(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return answer.but(
        body=answer.body.replace(b'"finishReason":"STOP",', b"").replace(b',"finishReason":"STOP"', b"")
    )


@breaks("generate.stream-array", "test_without_alt_a_stream_is_a_json_array", where=streams)
async def always_events(call: Call, server: Server) -> Answer:
    return await server(call.but(query="alt=sse"))
