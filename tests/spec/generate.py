"""``python tests/spec/generate.py`` writes what ``spec/`` derives from the models: schemas, OpenAPI, manifest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from visionspec import spec
from visionspec_conformance.report import ReportLine
from visionspec_mockserver.openapi import document
from visionspec_mockserver.scripts.models import ScriptFile

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

VERSION = "2026.11.0"
SNAPSHOT = "2026-11-20"
SURFACE = ["interactions", "generateContent", "streamGenerateContent", "countTokens", "models", "files"]
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def render(document: object) -> str:
    """JSON as it stands in ``spec/``."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def schemas() -> dict[str, dict[str, Any]]:
    """File name -> JSON schema, generated from the pydantic models."""
    models: dict[str, type[BaseModel]] = {
        "rules": spec.RuleFile,
        "vectors": spec.VectorFile,
        "coverage": spec.Coverage,
        "manifest": spec.Manifest,
        "report": ReportLine,
        "scripts": ScriptFile,
    }
    return {
        f"{name}.schema.json": {"$schema": _DRAFT, **model.model_json_schema()}
        for name, model in models.items()
    }


def openapi() -> dict[str, Any]:
    """The mock server's HTTP surface, generated from its routes and models."""
    return document(VERSION)


def manifest(root: Path) -> dict[str, Any]:
    """The manifest for the files that stand under ``root`` now."""
    folders = ("rules", "vectors", "schema")
    paths = [path for folder in folders for path in sorted((root / folder).glob("*.json"))]
    files = [
        {
            "path": path.relative_to(root).as_posix(),
            "count": _count(path),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in [*paths, root / "coverage.json", root / "openapi.json"]
    ]
    return {"version": VERSION, "surface": SURFACE, "snapshot": SNAPSHOT, "files": files}


def _count(path: Path) -> int:
    document = json.loads(path.read_text(encoding="utf-8"))
    return len(document.get("rules") or document.get("cases") or [document])


def main() -> None:
    """Write every derived file below ``spec/``."""
    root = spec.directory()
    for name, schema in schemas().items():
        (root / "schema" / name).write_text(render(schema), encoding="utf-8")
    (root / "openapi.json").write_text(render(openapi()), encoding="utf-8")
    (root / "manifest.json").write_text(render(manifest(root)), encoding="utf-8")


if __name__ == "__main__":
    main()
