"""How errors look: their envelope in either dialect, keys, paths that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from visionspec_conformance.judge import expect, expect_that
from visionspec_conformance.server import talk

if TYPE_CHECKING:
    from visionspec_conformance.target import Reply, Target


def expect_json(reply: Reply) -> None:
    """The reply must say that it is JSON, and be it."""
    kind = reply.headers.get("content-type", "")
    expect_that(kind.startswith("application/json"), "Content-Type: application/json", kind)
    reply.object()


@pytest.mark.schema
@pytest.mark.rule("errors.envelope")
@given(
    st.sampled_from(
        [
            ("POST", "/{v}/models/visionspec-none:generateContent", {"contents": []}),
            ("GET", "/{v}/models/visionspec-none", None),
            ("GET", "/{v}/files/visionspecnone", None),
            ("GET", "/{v}/files?pageToken=visionspec-none", None),
        ]
    )
)
def test_an_error_is_a_google_rpc_status(target: Target, request_: tuple[str, str, object]) -> None:
    method, path, body = request_
    reply = target.send(method, path, json=body)
    assume(reply.status >= 400)  # what is to be refused, other checks decide
    expect_json(reply)
    expect(list(reply.object()), ["error"], "keys of the body")
    error = talk.dig(reply.object(), "error")
    expect(error.get("code"), reply.status, "error.code")
    expect_that(isinstance(error.get("message"), str), "a message", error)
    status = error.get("status")
    expect_that(isinstance(status, str) and status.isupper(), "a status such as INVALID_ARGUMENT", status)


@pytest.mark.schema
@pytest.mark.rule("errors.interactions-envelope")
@given(
    st.sampled_from(
        [
            ("POST", "/{v}/interactions", {"input": 7}),
            ("GET", "/{v}/interactions/v1_visionspec-none", None),
        ]
    )
)
def test_an_error_of_interactions_has_a_string_code(
    target: Target, request_: tuple[str, str, object]
) -> None:
    method, path, body = request_
    reply = target.send(method, path, json=body)
    assume(reply.status >= 400)  # what is to be refused, other checks decide
    expect_json(reply)
    error = talk.dig(reply.object(), "error")
    expect_that(
        isinstance(error.get("code"), str) and isinstance(error.get("message"), str),
        'an error with "code" and "message" as strings',
        error,
    )


@pytest.mark.rule("errors.missing-key")
@pytest.mark.parametrize("path", ["/{v}/models/{model}:generateContent", "/{v}/interactions", "/{v}/files"])
def test_nothing_works_without_a_key(target: Target, path: str) -> None:
    method = "GET" if path.endswith("files") else "POST"
    body = None if method == "GET" else {"model": target.model, "input": "hi"}
    if "generateContent" in path:
        body = talk.contents({"text": "hi"})
    reply = talk.there(target.send(method, path.replace("{model}", target.model), json=body, key=False))
    expect_that(reply.status in {400, 401, 403}, "400, 401 or 403 without an API key", reply.status)


@pytest.mark.rule("errors.key-in-query")
def test_the_key_may_stand_elsewhere(target: Target) -> None:
    talk.there(target.send("GET", "/{v}/models"))
    query = target.send("GET", f"/{{v}}/models?key={talk.word(target.api_key)}", key=False)
    expect(query.status, 200, "status with ?key=")
    bearer = target.send(
        "GET", "/{v}/models", headers={"authorization": f"Bearer {target.api_key}"}, key=False
    )
    expect(bearer.status, 200, "status with Authorization: Bearer")


@pytest.mark.rule("errors.unknown-path")
@given(st.sampled_from(["/{v}/nothing", "/{v}/models/{model}:noSuchMethod", "/v9/models"]))
def test_a_path_that_does_not_exist_is_not_found(target: Target, path: str) -> None:
    method = "POST" if ":" in path else "GET"
    reply = target.send(method, path.replace("{model}", target.model))
    expect(reply.status, 404, "status")
