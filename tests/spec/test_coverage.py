"""Nothing that the sources say is lost: lines, contradictions and facts are rules, or excluded with a reason.

The documents are not in the repository, so what is counted here was counted in them.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from visionspec import spec

COVERAGE = spec.coverage()
DOCUMENT_LINES = {
    "000_8163f4f1a5c5b466.txt": 424,
    "001_bff20e96f14ec970.txt": 602,
    "002_e2428468757943f1.txt": 102,
    "003_ce59e1f19ed390c7.txt": 501,
    "004_89168246e42b6e60.txt": 102,
}
CONTRADICTIONS = 40
# How many numbers the collected facts have under each heading: 1.1.1 to 1.1.4, the rows 1.6#1 to 1.6#34, ...
FACT_NUMBERS = {
    "1.1.": 4,
    "1.2.": 7,
    "1.3.": 3,
    "1.4.": 6,
    "1.5.": 4,
    "1.6#": 34,
    "1.6.": 5,
    "1.8.": 3,
    "2.": 20,
    "3.": 9,
    "4.": 23,
    "5.": 14,
    "6.": 12,
}
FACT_TABLES = {"1.3", "1.4", "1.7"}


def numbers(lines: str) -> set[int]:
    first, _, last = lines.partition("-")
    return set(range(int(first), int(last or first) + 1))


def cited(rule: spec.Rule, document: str) -> list[set[int]]:
    return [numbers(place.lines) for place in rule.provenance if place.document == document and place.lines]


def facts_of(rule: spec.Rule) -> set[str]:
    """The facts that the rule rests on; 0 is their summary, 7 the contradictions, 8 what is unknown."""
    return {place.fact for place in rule.provenance if place.fact and place.fact[0] in "123456"}


def entries() -> list[spec.Covered]:
    sentences = [sentence for document in COVERAGE.documents.values() for sentence in document.sentences]
    return [*sentences, *COVERAGE.contradictions.values(), *COVERAGE.facts]


def test_it_fits_its_schema() -> None:
    schema = json.loads((spec.directory() / "schema" / "coverage.schema.json").read_text(encoding="utf-8"))
    written = json.loads((spec.directory() / "coverage.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(written)) == []


@pytest.mark.parametrize("given", [{}, {"rules": ["boxes.order"], "excluded": "both"}, {"excluded": ""}])
def test_an_entry_has_rules_or_a_reason(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="either rules or excluded"):
        spec.Covered.model_validate({"says": "Something.", **given})


def test_every_rule_named_exists() -> None:
    assert {rule_id for entry in entries() for rule_id in entry.rules} - set(spec.rules()) == set()


def test_the_documents_are_the_five() -> None:
    assert {name: document.lines for name, document in COVERAGE.documents.items()} == DOCUMENT_LINES


@pytest.mark.parametrize("name", DOCUMENT_LINES)
def test_every_line_is_in_a_sentence_or_skipped_once(name: str) -> None:
    document = COVERAGE.documents[name]
    said = set[int]().union(*(numbers(sentence.lines) for sentence in document.sentences))
    skipped = Counter(line for ranges in document.skipped.values() for one in ranges for line in numbers(one))
    seen = Counter(said) + skipped
    assert sorted(seen) == list(range(1, document.lines + 1))
    assert [line for line, times in seen.items() if times > 1] == []


@pytest.mark.parametrize("name", DOCUMENT_LINES)
def test_what_a_rule_cites_is_in_sentences_that_name_the_rule(name: str) -> None:
    for rule in spec.rules().values():
        naming = [one for one in COVERAGE.documents[name].sentences if rule.id in one.rules]
        covered = set[int]().union(*(numbers(sentence.lines) for sentence in naming))
        for lines in cited(rule, name):
            assert lines <= covered, rule.id


@pytest.mark.parametrize("name", DOCUMENT_LINES)
def test_a_rule_that_a_sentence_names_cites_it(name: str) -> None:
    for sentence in COVERAGE.documents[name].sentences:
        for rule_id in sentence.rules:
            places = cited(spec.rules()[rule_id], name)
            assert any(lines & numbers(sentence.lines) for lines in places), (rule_id, sentence.lines)


def test_every_documented_rule_is_in_a_sentence() -> None:
    named = {
        rule_id
        for document in COVERAGE.documents.values()
        for sentence in document.sentences
        for rule_id in sentence.rules
    }
    documented = {rule.id for rule in spec.rules().values() if rule.status == "documented"}
    assert documented - named == set()


def test_no_rule_cites_another_document() -> None:
    cited_documents = {place.document for rule in spec.rules().values() for place in rule.provenance}
    assert cited_documents - {None} == set(DOCUMENT_LINES)


def test_every_contradiction_is_there() -> None:
    assert list(COVERAGE.contradictions) == [f"7.{number}" for number in range(1, CONTRADICTIONS + 1)]


def test_rules_and_contradictions_name_each_other() -> None:
    in_rules = {
        (number, rule.id)
        for rule in spec.rules().values()
        if rule.ambiguity
        for number in rule.ambiguity.contradiction
    }
    in_coverage = {
        (number, rule_id) for number, entry in COVERAGE.contradictions.items() for rule_id in entry.rules
    }
    assert in_rules == in_coverage


def test_a_contradiction_is_resolved_with_the_chosen_and_another_reading() -> None:
    for number, entry in COVERAGE.contradictions.items():
        ambiguities = [spec.rules()[rule_id].ambiguity for rule_id in entry.rules]
        readings = [{reading.chosen for reading in one.readings} for one in ambiguities if one]
        assert entry.excluded or {True, False} in readings, number


def test_every_fact_has_its_number() -> None:
    counted = {f"{start}{n}" for start, last in FACT_NUMBERS.items() for n in range(1, last + 1)}
    assert {entry.fact for entry in COVERAGE.facts} == counted | FACT_TABLES


def test_rules_and_facts_name_each_other() -> None:
    in_rules = {(fact, rule.id) for rule in spec.rules().values() for fact in facts_of(rule)}
    in_coverage = {(entry.fact, rule_id) for entry in COVERAGE.facts for rule_id in entry.rules}
    assert in_rules == in_coverage


def test_a_fact_of_some_confidence_is_more_than_tentative() -> None:
    for entry in COVERAGE.facts:
        if entry.confidence in {"H", "M"} and entry.rules:
            assert {spec.rules()[rule_id].status for rule_id in entry.rules} - {"tentative"}, entry.fact
