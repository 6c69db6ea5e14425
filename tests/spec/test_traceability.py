"""Rules and code name each other: whatever one side has and the other lacks is a failure."""

from __future__ import annotations

import pytest

from visionspec import spec, trace

WAYS = {"function": trace.functions, "vectors": trace.vectors, "check": trace.checks}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_that_a_rule_claims_exists(way: str) -> None:
    found = WAYS[way]()
    missing = [
        rule.id for rule in spec.rules().values() if way in (rule.decided_by or []) and rule.id not in found
    ]
    assert missing == [], f"decided_by says {way!r}, but there is none"


@pytest.mark.parametrize("way", WAYS)
def test_every_id_in_code_is_a_rule_that_says_so(way: str) -> None:
    rules = spec.rules()
    unknown = {rule_id: places for rule_id, places in WAYS[way]().items() if rule_id not in rules}
    assert unknown == {}, "ids that no rule has"
    unsaid = [rule_id for rule_id in WAYS[way]() if way not in (rules[rule_id].decided_by or [])]
    assert unsaid == [], f"these rules have a {way} that decided_by does not name"


def test_the_id_begins_with_the_topic_of_its_file() -> None:
    for path in sorted((spec.directory() / "rules").glob("*.json")):
        file = spec.RuleFile.model_validate_json(path.read_bytes())
        assert file.topic == path.stem
        assert [rule.id for rule in file.rules if not rule.id.startswith(f"{path.stem}.")] == []


def test_a_documented_rule_names_a_document_with_its_lines() -> None:
    unsourced = [
        rule.id
        for rule in spec.rules().values()
        if rule.status == "documented" and not any(place.document for place in rule.provenance)
    ]
    assert unsourced == []


def test_an_ambiguous_rule_chooses_exactly_one_of_several_readings() -> None:
    for rule in spec.rules().values():
        if rule.ambiguity and rule.ambiguity.readings:
            readings = rule.ambiguity.readings
            assert sum(reading.chosen for reading in readings) == 1 < len(readings), rule.id


def test_flags_of_vectors_are_explained_and_used() -> None:
    for name, file in spec.vectors().items():
        used = {flag for case in file.cases for flag in case.flags}
        assert used == set(file.flags), name


def test_ids_of_vectors_are_unique() -> None:
    for name, file in spec.vectors().items():
        ids = [case.id for case in file.cases]
        assert len(ids) == len(set(ids)), name
