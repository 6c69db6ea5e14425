"""``visionspec rules``, and the frame that all subcommands share."""

from __future__ import annotations

import json

import pytest

from visionspec import spec


def test_all_rules_as_json(visionspec) -> None:
    done = visionspec("rules", "--json")
    assert done.returncode == 0
    assert [rule["id"] for rule in json.loads(done.stdout)["rules"]] == list(spec.rules())


def test_one_rule_with_all_that_stands_behind_it(visionspec) -> None:
    (rule,) = json.loads(visionspec("rules", "tokens.tile-count", "--json").stdout)["rules"]
    assert rule["level"] == "MUST"
    assert {"document": "001_bff20e96f14ec970.txt", "lines": "589-590"} in rule["provenance"]
    assert "visionspec.rules.grids.tile_grid" in rule["functions"]
    assert "image_tokens/document-960x540" in rule["vectors"]
    assert rule["ambiguity"]["contradiction"] == ["7.23"]
    shown = visionspec("rules", "tokens.tile-count").stdout
    for part in (
        rule["text"],
        "001_bff20e96f14ec970.txt:589-590",
        "tile_grid",
        "image_tokens/document-960x540",
    ):
        assert part in shown


def test_a_topic_level_and_status_narrow_the_list(visionspec) -> None:
    rules = json.loads(visionspec("rules", "boxes", "--level", "MUST", "--json").stdout)["rules"]
    assert {(rule["id"].split(".")[0], rule["level"]) for rule in rules} == {("boxes", "MUST")}
    rules = json.loads(visionspec("rules", "--status", "tentative", "--json").stdout)["rules"]
    assert {rule["status"] for rule in rules} == {"tentative"}


def test_brackets_of_a_rule_are_shown_as_they_are(visionspec) -> None:
    assert "[ymin, xmin, ymax, xmax]" in visionspec("rules", "boxes").stdout


def test_an_unknown_rule_names_its_neighbours(visionspec) -> None:
    done = visionspec("rules", "tokens.tilecount")
    assert done.returncode == 2
    assert "tokens.tile-count" in done.stderr


def test_help_lists_every_command_with_a_line(visionspec) -> None:
    done = visionspec("--help")
    assert done.returncode == 0
    for name in ("demo", "serve", "run", "tokens", "decode", "lint", "rules", "check"):
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("name", ["demo", "serve", "run", "tokens", "decode", "lint", "rules", "check"])
def test_every_command_has_help(visionspec, name) -> None:
    done = visionspec(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage:")


def test_a_typing_mistake_is_named(visionspec) -> None:
    done = visionspec("tokns")
    assert done.returncode == 2
    assert "Did you mean 'tokens'?" in done.stderr
