"""Where ``spec/`` lives and what is in it, as typed models; ``spec/schema`` is generated from them."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from visionspec.errors import SpecError

RuleId = Annotated[str, Field(pattern=r"^[a-z]+(\.[a-z0-9]+(-[a-z0-9]+)*)+$")]
Lines = Annotated[str, Field(pattern=r"^\d+(-\d+)?$", description="'398' or '400-405'")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Provenance(_Strict):
    """Where a rule's sentence comes from: lines of a document, or a published fact."""

    document: str | None = Field(None, description="file name of one of the five documents")
    lines: Lines | None = Field(None, description="line or lines in it")
    fact: str | None = Field(None, description="number of the collected fact, e.g. '1.5.1'")
    source: str | None = Field(None, description="what was read or observed, in words")

    @model_validator(mode="after")
    def _says_something(self) -> Provenance:
        if not (self.document and self.lines) and not (self.fact or self.source):
            raise ValueError("provenance names a document with its lines, a fact, or a source")
        return self


class Reading(_Strict):
    """One way to read an ambiguous sentence."""

    name: str
    text: str
    chosen: bool = False


class Ambiguity(_Strict):
    """What the sources leave open or contradict each other in, and the reading chosen."""

    text: str
    readings: list[Reading] = []
    contradiction: list[str] = Field([], description="numbers of the recorded contradictions, e.g. '7.3'")


class Rule(_Strict):
    """One sentence that an implementation keeps or breaks."""

    id: RuleId
    level: Literal["MUST", "SHOULD", "MAY"]
    status: Literal["documented", "observed", "inferred", "tentative"]
    since: str = Field(pattern=r"^\d{4}\.\d{2}$")
    text: str
    provenance: list[Provenance] = Field(min_length=1)
    ambiguity: Ambiguity | None = None
    decided_by: list[Literal["function", "vectors", "check"]] | None = None
    excluded: str | None = Field(None, description="why nothing can decide it")

    @model_validator(mode="after")
    def _decided_or_excluded(self) -> Rule:
        if bool(self.decided_by) == bool(self.excluded):
            raise ValueError(f"{self.id}: either decided_by or excluded, not both and not neither")
        return self


class RuleFile(_Strict):
    """``spec/rules/TOPIC.json``."""

    topic: str
    rules: list[Rule]


class Case(_Strict):
    """One vector. ``acceptable``: ``expected`` is the chosen reading, another one is not a fault."""

    id: str
    rule: RuleId
    comment: str = ""
    source: Literal["document", "hand", "recorded"]
    flags: list[str] = []
    input: dict[str, Any]
    result: Literal["valid", "invalid", "acceptable"]
    expected: Any = Field(
        description="the output, which may be null; where result is 'invalid' an object whose error is the kind of "
        "error, beside what else that kind says (reason, status)"
    )


class VectorFile(_Strict):
    """``spec/vectors/NAME.json``: every case calls the same function."""

    function: str = Field(description="what is called, e.g. 'image_tokens'")
    description: str
    flags: dict[str, str] = Field({}, description="what each flag means")
    cases: list[Case] = Field(min_length=1)


class ManifestFile(_Strict):
    """One file of ``spec/``."""

    path: str
    count: int
    sha256: str


class Manifest(_Strict):
    """``spec/manifest.json``."""

    version: str
    surface: list[str]
    snapshot: str
    files: list[ManifestFile]


class Covered(_Strict):
    """One sentence, contradiction or fact in our words: the rules that hold it, or why no rule does."""

    says: str
    rules: list[RuleId] = []
    excluded: str | None = None

    @model_validator(mode="after")
    def _held_or_excluded(self) -> Covered:
        if bool(self.rules) == bool(self.excluded):
            raise ValueError(f"{self.says!r}: either rules or excluded, not both and not neither")
        return self


class CoveredSentence(Covered):
    """What one sentence, or one piece of sample code, of a document says."""

    lines: Lines


class CoveredFact(Covered):
    """What a collected fact says. One number stands several times where a part of the fact is excluded."""

    fact: str
    confidence: Literal["H", "M", "L"] | None = Field(None, description="high, medium or low")


class CoveredDocument(_Strict):
    """Every line of a document: in a sentence, or skipped because it states nothing."""

    lines: int = Field(description="how many the document has")
    skipped: dict[Literal["blank", "code", "headings", "navigation"], list[Lines]]
    sentences: list[CoveredSentence]


class Coverage(_Strict):
    """``spec/coverage.json``: what the documents, their contradictions and the facts have become."""

    documents: dict[str, CoveredDocument]
    contradictions: dict[str, Covered]
    facts: list[CoveredFact]


def directory() -> Path:
    """The folder ``spec/``: the checkout's where there is one, else the copy inside the installed package.

    Raises:
        SpecError: if neither exists.
    """
    here = Path(__file__).resolve()
    checkout, installed = here.parents[2] / "spec", here.parent / "_spec"
    for candidate in (checkout, installed):
        if (candidate / "manifest.json").is_file():
            return candidate
    raise SpecError(f"no spec/ at {checkout} nor at {installed}: reinstall visionspec")


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecError(f"cannot read {path}: {error}") from error


@functools.cache
def rules() -> dict[str, Rule]:
    """All rules by id, in the order of their files.

    Raises:
        SpecError: if a file is damaged or two rules share an id.
    """
    found: dict[str, Rule] = {}
    for path in sorted((directory() / "rules").glob("*.json")):
        for rule in RuleFile.model_validate(_load(path)).rules:
            if rule.id in found:
                raise SpecError(f"{path.name}: rule {rule.id} stands twice")
            found[rule.id] = rule
    return found


@functools.cache
def vectors() -> dict[str, VectorFile]:
    """All vector files by name (``spec/vectors/NAME.json``)."""
    return {
        path.stem: VectorFile.model_validate(_load(path))
        for path in sorted((directory() / "vectors").glob("*.json"))
    }


def manifest() -> Manifest:
    """What ``spec/`` holds, with the sha256 of every file."""
    return Manifest.model_validate(_load(directory() / "manifest.json"))


def coverage() -> Coverage:
    """Which sentence of which document has become which rule."""
    return Coverage.model_validate(_load(directory() / "coverage.json"))
