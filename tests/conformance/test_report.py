"""Events of a report: lines out and back in, the tally of rules, the exit code, and the views of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from visionspec.errors import InvalidInput
from visionspec_conformance import report
from visionspec_conformance.report import Exchange, Footer, Header, Judged, Message, Result, Tally
from visionspec_conformance.views import junit, terminal

if TYPE_CHECKING:
    from pathlib import Path

HEADER = Header(
    suite="2026.11.0",
    judged=Judged(kind="server", address="http://127.0.0.1:1"),
    started="2026-11-20T09:00:00Z",
    checks=2,
)


def result(outcome: str, *, rule: str = "upload.start", **more: Any) -> Result:
    fields = {
        "check": f"server/check_upload.py::test_{outcome}",
        "area": "upload",
        "rule": rule,
        "level": "MUST",
        "status": "documented",
        "text": "An upload starts.",
        "source": ["001.txt:1-2"],
        "outcome": outcome,
        **more,
    }
    return Result.model_validate(fields)


def footer(results: list[Result]) -> Footer:
    return Footer(
        outcomes={"failed": 1, "passed": 1},
        rules=report.tally(results),
        requests=3,
        sent_bytes=4,
        duration_s=1.0,
        exit_code=report.exit_code(results),
    )


def parsed(runs: list[Any]) -> ET.Element:
    return ET.fromstring(junit.render(runs))  # noqa: S314 - our own output


def test_a_report_comes_back_as_it_was_written(tmp_path: Path) -> None:
    exchange = Exchange(request=Message(line="GET /v1/files"), problem="no answer")
    results = [result("passed"), result("failed", exchanges=[exchange])]
    path = tmp_path / "report.ndjson"
    path.write_text("".join(report.to_line(event) + "\n" for event in (HEADER, *results, footer(results))))
    assert report.read(path) == (HEADER, results, footer(results))
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == [
        "header",
        "result",
        "result",
        "footer",
    ]


def test_a_report_without_its_footer_is_of_a_run_that_did_not_end(tmp_path: Path) -> None:
    path = tmp_path / "report.ndjson"
    path.write_text(report.to_line(HEADER) + "\n")
    assert report.read(path) == (HEADER, [], None)
    assert "did not end" in terminal.render(HEADER, [], None, colour=False)
    assert parsed([(HEADER, [], None)]).find("testsuite").attrib["errors"] == "1"  # type: ignore[union-attr]  # it has one


@pytest.mark.parametrize("line", ["{", "[]", '{"event": "result"}', '{"event": "other"}'])
def test_a_line_that_is_no_event_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "report.ndjson"
    path.write_text(f"{report.to_line(HEADER)}\n{line}\n")
    with pytest.raises(InvalidInput, match=r"report\.ndjson:2: no event"):
        report.read(path)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        (["passed"], 0),
        (["passed", "warned", "noted", "skipped"], 0),
        (["passed", "failed"], 1),
        (["passed", "untestable"], 1),
        (["failed", "error"], 2),
        (["skipped"], 2),
        ([], 2),
    ],
)
def test_the_exit_code_says_whose_fault_it_is(outcomes: list[str], code: int) -> None:
    assert report.exit_code([result(outcome) for outcome in outcomes]) == code


def test_a_known_failure_is_forgiven_and_a_stale_entry_is_not() -> None:
    assert report.exit_code([result("failed", known=True), result("passed")]) == 0
    assert report.exit_code([result("passed")], wanting=["server/check_upload.py::test_passed"]) == 1


def test_the_tally_counts_rules_and_not_checks() -> None:
    results = [
        result("passed", rule="upload.start"),
        result("failed", rule="upload.start"),
        result("noted", rule="upload.chunk"),
        result("skipped", rule="upload.query"),
        result("warned", rule="files.get", status="observed"),
    ]
    assert report.tally(results) == {
        "documented": Tally(decided=2, kept=1),
        "observed": Tally(decided=1, kept=0),
    }


def test_the_terminal_says_what_to_mend() -> None:
    failed = result(
        "failed",
        expected="200",
        actual="500 [bold]boom[/]",
        repeat="visionspec check server --url http://127.0.0.1:1 --only upload.start",
        exchanges=[
            Exchange(
                request=Message(line="POST /upload/v1/files", headers=[("X-Goog-Upload-Command", "start")]),
                response=Message(line="500 Oops", body="boom", body_bytes=4),
            )
        ],
    )
    text = terminal.render(HEADER, [failed], footer([failed]), colour=False)
    for said in (
        "upload.start",
        "MUST, documented",
        "An upload starts.",
        "001.txt:1-2",
        "500 [bold]boom[/]",  # what a server says is no markup of ours
        "--only upload.start",
        "> POST /upload/v1/files",
        "X-Goog-Upload-Command: start",
        "< 500 Oops",
        "0 of 1 kept",
    ):
        assert said in text


def test_junit_holds_every_check_and_survives_control_characters() -> None:
    results = [
        result("passed"),
        result("failed", reason="got \x00 and \ud83d"),
        result("skipped", reason="not here"),
        result("warned", reason="slow"),
        result("failed", known=True),
    ]
    suite = parsed([(HEADER, results, footer(results))]).find("testsuite")
    assert suite is not None
    assert suite.attrib | {"tests": "5", "failures": "1", "errors": "0", "skipped": "2"} == suite.attrib
    assert [[child.tag for child in case] for case in suite] == [
        [],
        ["failure"],
        ["skipped"],
        ["system-out"],
        ["skipped"],
    ]
