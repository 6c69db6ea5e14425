"""Every property of rules and protocol says the sentence that it proves, and which rule says it too."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from visionspec import spec

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
OF_ALL_RULES = {"TestAnyRequest", "TestOnlyOurErrors"}  # these are about every rule at once


class Property(NamedTuple):
    """A class of properties: what it says, and the rules that it is marked with."""

    name: str
    sentence: str | None
    rules: list[str]


def properties() -> Iterator[Property]:
    for path in sorted([*TESTS.glob("rules/test_*.py"), *TESTS.glob("protocol/test_*.py")]):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                marks = [ast.unparse(decorator) for decorator in node.decorator_list]
                if "pytest.mark.prop" in marks:
                    named = [
                        ast.literal_eval(mark[17:-1])
                        for mark in marks
                        if mark.startswith("pytest.mark.rule(")
                    ]
                    yield Property(node.name, ast.get_docstring(node), named)


@pytest.mark.parametrize("found", list(properties()), ids=lambda found: found.name)
def test_a_property_says_its_sentence_and_its_rule(found: Property) -> None:
    assert found.sentence
    assert found.sentence.endswith(".")
    assert found.rules or found.name in OF_ALL_RULES
    assert [rule for rule in found.rules if rule not in spec.rules()] == []


def test_there_are_properties() -> None:
    assert len(list(properties())) >= 20
