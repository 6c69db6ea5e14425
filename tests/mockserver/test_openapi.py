"""The OpenAPI document: derived, complete, and of use to a stranger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from visionspec import spec
from visionspec_mockserver import openapi
from visionspec_mockserver.openapi.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

DOCUMENT: dict[str, Any] = json.loads((spec.directory() / "openapi.json").read_text(encoding="utf-8"))
EVERY = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_it_is_that_of_the_routes_and_models() -> None:
    made = json.dumps(openapi.document(spec.manifest().version), ensure_ascii=False, indent=2) + "\n"
    written = (spec.directory() / "openapi.json").read_text(encoding="utf-8")
    assert written == made, "run `nox -s spec` and commit what it writes"


def test_a_running_server_shows_it_with_its_own_url(api: httpx.Client) -> None:
    found = api.get("/_mock/openapi.json").json()
    assert found["servers"][0].pop("url") == str(api.base_url).rstrip("/")
    assert found["servers"] == [{"description": "visionspec serve"}]
    assert {**found, "servers": None} == {**DOCUMENT, "servers": None}


def test_a_route_that_nothing_describes(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = OPERATIONS["GET /{version}/models"]
    monkeypatch.delitem(OPERATIONS, "GET /{version}/models")
    with pytest.raises(LookupError, match=r"no operation describes GET /\{version\}/models"):
        openapi.document("1")
    monkeypatch.setitem(OPERATIONS, "GET /{version}/models", entry)
    monkeypatch.setitem(OPERATIONS, "GET /{version}/nothing", entry)
    with pytest.raises(LookupError, match=r"no route for GET /\{version\}/nothing"):
        openapi.document("1")


def test_what_the_wire_contract_names_is_there() -> None:
    names = {operation["operationId"] for _, _, operation in EVERY}
    assert len(names) == len(EVERY)
    assert names >= {
        *("createInteraction", "getInteraction", "deleteInteraction", "cancelInteraction"),
        *("generateContent", "streamGenerateContent", "countTokens", "listModels", "getModel"),
        *("uploadFile", "getFile", "listFiles", "deleteFile", "downloadFile", "registerFiles"),
    }
    assert DOCUMENT["components"]["parameters"]["version"]["schema"]["enum"] == ["v1", "v1beta", "v1alpha"]
    schemes = DOCUMENT["components"]["securitySchemes"].values()
    assert {(one.get("in"), one.get("name"), one.get("scheme")) for one in schemes} == {
        ("header", "x-goog-api-key", None),
        ("query", "key", None),
        (None, None, "bearer"),
    }


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else ()
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_reference_leads_somewhere_and_nothing_is_left_over() -> None:
    named = set(references(DOCUMENT))
    there = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "parameters")
        for name in DOCUMENT["components"][kind]
    }
    assert named == there


@pytest.mark.parametrize("operation", [one for _, _, one in EVERY], ids=lambda one: one["operationId"])
def test_every_operation_says_what_it_does_and_how_it_fails(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert {"400", "404", "429", "500", "503"} <= operation["responses"].keys()
    dialect = "InteractionErrorResponse" if operation["tags"] == ["interactions"] else "StatusResponse"
    problem = operation["responses"]["400"]["content"]["application/json"]["schema"]
    assert set(references(problem)) == {f"#/components/schemas/{dialect}"}


BODIES = [
    pytest.param(path, body, name, id=f"{operation['operationId']}-{name}")
    for path, _, operation in EVERY
    for body in [operation.get("requestBody", {"content": {}})["content"].get("application/json", {})]
    for name in body.get("examples", {})
]


@pytest.mark.parametrize(("path", "body", "name"), BODIES)
def test_every_example_fits_its_schema_and_is_answered(
    api: httpx.Client, path: str, body: dict[str, Any], name: str
) -> None:
    schema = {**body["schema"], "components": DOCUMENT["components"]}
    example = body["examples"][name]["value"]
    jsonschema.validate(example, schema, jsonschema.Draft202012Validator)
    path = path.format(version="v1beta", model="gemini-3-flash-preview")
    headers = {"X-Goog-Upload-Command": "start", "Authorization": "Bearer any"}
    answer = api.request("POST", path, headers=headers, json=example)
    assert answer.status_code == 200, answer.text
