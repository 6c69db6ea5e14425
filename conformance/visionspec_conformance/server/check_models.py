"""The models endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionspec_conformance.judge import expect, expect_that
from visionspec_conformance.server import talk

if TYPE_CHECKING:
    from visionspec_conformance.target import Target


def page(target: Target, query: str = "") -> dict[str, Any]:
    """A page of the list."""
    reply = target.send("GET", f"/{{v}}/models{query}")
    expect(reply.status, 200, "status")
    return reply.object()


@pytest.mark.schema
@pytest.mark.rule("models.list")
def test_models_are_listed_by_name(target: Target) -> None:
    models = talk.dig(page(target), "models")
    expect_that(isinstance(models, list) and models, "a list of models", models)
    for model in models:
        name = talk.dig(model, "name")
        expect_that(str(name).startswith("models/"), "a name models/ID", name)
        methods = talk.dig(model, "supportedGenerationMethods")
        expect_that(isinstance(methods, list), "a list of supportedGenerationMethods", methods)


@pytest.mark.rule("models.list")
@given(st.integers(1, 20))
def test_pages_hold_every_model_once(target: Target, size: int) -> None:
    seen: list[str] = []
    token = ""
    for _ in range(200):
        got = page(target, f"?pageSize={size}" + (f"&pageToken={talk.word(token)}" if token else ""))
        models = got.get("models", [])
        expect_that(len(models) <= size, f"at most {size} models in a page", len(models))
        seen += [model["name"] for model in models]
        token = got.get("nextPageToken", "")
        if not token:
            break
    expect(len(seen), len(set(seen)), "number of different models in the pages")
    if token:
        return  # too many to follow to the end
    whole = [model["name"] for model in page(target, "?pageSize=1000").get("models", [])]
    expect(sorted(seen), sorted(whole), "names in small pages")


@pytest.mark.schema
@pytest.mark.rule("models.get")
def test_a_model_is_found_by_its_name(target: Target) -> None:
    reply = target.send("GET", f"/{{v}}/models/{target.model}")
    expect(reply.status, 200, "status")
    model = reply.object()
    expect(model.get("name"), f"models/{target.model}", "name")
    for limit in ("inputTokenLimit", "outputTokenLimit"):
        expect_that(isinstance(model.get(limit), int), f"a number as {limit}", model.get(limit))


@pytest.mark.rule("models.missing")
def test_a_model_that_is_not_there_is_not_found(target: Target) -> None:
    reply = target.send("GET", "/{v}/models/visionspec-none")
    expect(reply.status, 404, "status")
    expect(talk.dig(reply.object(), "error", "status"), "NOT_FOUND", "error.status")
