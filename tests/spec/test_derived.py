"""The files of spec/ that are generated say what the models and the folder say now."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from jsonschema import Draft202012Validator

from visionspec import spec

GENERATE = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("generate.py"))))
HINT = "run `nox -s spec` and commit what it writes"


@pytest.mark.parametrize("name", sorted(GENERATE.schemas()))
def test_schemas_are_those_of_the_models(name: str) -> None:
    written = (spec.directory() / "schema" / name).read_text(encoding="utf-8")
    assert written == GENERATE.render(GENERATE.schemas()[name]), HINT


def test_the_manifest_lists_every_file_with_its_digest() -> None:
    written = json.loads((spec.directory() / "manifest.json").read_text(encoding="utf-8"))
    assert written == GENERATE.manifest(spec.directory()), HINT


@pytest.mark.parametrize("folder", ["rules", "vectors"])
def test_every_file_fits_its_schema(folder: str) -> None:
    schema = json.loads((spec.directory() / "schema" / f"{folder}.schema.json").read_text(encoding="utf-8"))
    for path in sorted((spec.directory() / folder).glob("*.json")):
        errors = list(Draft202012Validator(schema).iter_errors(json.loads(path.read_text(encoding="utf-8"))))
        assert errors == [], path.name


def test_a_damaged_file_is_named(tmp_path, monkeypatch) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "tokens.json").write_text("{", encoding="utf-8")
    monkeypatch.setattr(spec, "directory", lambda: tmp_path)
    spec.rules.cache_clear()
    try:
        with pytest.raises(spec.SpecError, match=r"tokens\.json"):
            spec.rules()
    finally:
        spec.rules.cache_clear()
