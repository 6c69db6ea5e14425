"""Servers whose models or errors break one rule."""

from __future__ import annotations

from typing import Any

from visionspec_conformance.broken import Answer, Call, Server, because, breaks, each, edited, refuse


def models(call: Call) -> bool:
    """The models endpoint itself, no method of a model."""
    return call.parts[1:2] == ["models"] and ":" not in call.path


def interactions(call: Call) -> bool:
    """Anything below interactions."""
    return call.parts[1:2] == ["interactions"]


@breaks("models.list", "test_models_are_listed_by_name", where=models)
async def names_without_prefix(call: Call, server: Server) -> Answer:
    def change(body: dict[str, Any]) -> None:
        for model in body.get("models", []):
            model["name"] = model["name"].removeprefix("models/")

    return edited(await server(call), change)


@breaks("models.list", "test_pages_hold_every_model_once", where=models)
async def pages_overlap(call: Call, server: Server) -> Answer:
    def change(body: dict[str, Any]) -> None:
        if body.get("nextPageToken"):
            body["models"] = (
                body["models"][:-1] + body["models"][:1] if len(body["models"]) > 1 else body["models"]
            )

    return edited(await server(call), change)


@breaks("models.get", "test_a_model_is_found_by_its_name", where=models)
async def limits_are_missing(call: Call, server: Server) -> Answer:
    return edited(await server(call), lambda body: body.pop("inputTokenLimit", None))


@breaks("models.missing", "test_a_model_that_is_not_there_is_not_found", where=models)
async def missing_models_are_bad_requests(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return refuse(400) if answer.status == 404 and "visionspec-none" in call.path else answer


@breaks("errors.envelope", "test_an_error_is_a_google_rpc_status", where=lambda call: not interactions(call))
async def errors_without_code(call: Call, server: Server) -> Answer:
    answer = await server(call)
    wanted = answer.status >= 400 and ("visionspec" in call.path or "visionspec" in call.query)
    return edited(answer, lambda body: each(body, lambda one: one.pop("code", None))) if wanted else answer


@breaks(
    "errors.interactions-envelope",
    "test_an_error_of_interactions_has_a_string_code",
    where=interactions,
    related=because(
        "it demands a refusal, and reads its code",
        "interactions.unknown-parameter",
        "interactions.mime-type",
        "interactions.missing",
        "interactions.delete",
        "interactions.store",
        "interactions.model-missing",
        "interactions.thinking-level",
    ),
)
async def errors_of_the_other_dialect(call: Call, server: Server) -> Answer:
    answer = await server(call)
    return refuse(answer.status) if answer.status >= 400 else answer


@breaks("errors.missing-key", "test_nothing_works_without_a_key", where=lambda call: not call.upload_id)
async def no_key_is_needed(call: Call, server: Server) -> Answer:
    return await server(call if "x-goog-api-key" in call.headers else call.said(x_goog_api_key="any"))


@breaks("errors.key-in-query", "test_the_key_may_stand_elsewhere", where=models)
async def the_key_stands_in_one_header(call: Call, server: Server) -> Answer:
    return await server(call) if "x-goog-api-key" in call.headers else refuse(403, "PERMISSION_DENIED")


@breaks("errors.unknown-path", "test_a_path_that_does_not_exist_is_not_found")
async def unknown_paths_are_bad_requests(call: Call, server: Server) -> Answer:
    answer = await server(call)
    unknown = answer.status == 404 and (
        call.parts[-1] == "nothing" or "noSuchMethod" in call.path or "v9" in call.parts
    )
    return refuse(400) if unknown else answer
