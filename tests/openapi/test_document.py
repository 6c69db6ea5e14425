"""The document is OpenAPI in the eyes of a validator that is not ours."""

from __future__ import annotations

import json

from openapi_spec_validator import OpenAPIV31SpecValidator

from visionspec import spec


def test_it_is_valid() -> None:
    document = json.loads((spec.directory() / "openapi.json").read_text(encoding="utf-8"))
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    del document["paths"]["/{version}/models"]["get"]["responses"]
    document["info"].pop("title")
    assert len(list(OpenAPIV31SpecValidator(document).iter_errors())) >= 1
