"""Judging a client: what is done to it, what is seen of it, and what is said about it."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from visionspec.rules import advice
from visionspec_conformance.client import plans
from visionspec_conformance.client.session import run_client
from visionspec_conformance.run import run_checks
from visionspec_mockserver.verdict import judging

if TYPE_CHECKING:
    from pathlib import Path

    from visionspec_conformance.report import Result

CLIENT = [sys.executable, "-m", "visionspec_conformance.breaks.clients"]


@pytest.fixture(autouse=True)
def _seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # put back when the test ends


def checked(command: list[str], *options: str) -> tuple[int, dict[str, Result]]:
    done = run_checks("client", [f"--target-command={shlex.join(command)}", *options])
    return done.exit_code, {result.rule: result for result in done.results}


def program(tmp_path: Path, *lines: str) -> list[str]:
    """A client of a few lines, with the address, the key and a start of an upload at hand."""
    head = (
        "import os, sys, httpx",
        "url, key = os.environ['GOOGLE_GEMINI_BASE_URL'], {'x-goog-api-key': os.environ['GEMINI_API_KEY']}",
        "client = httpx.Client(base_url=url, headers=key, trust_env=False)",
        "asked = {'contents': [{'parts': [{'text': 'hi'}]}]}",
        "path = '/v1beta/models/gemini-2.5-flash:'",
    )
    path = tmp_path / "client.py"
    path.write_text("\n".join([*head, *lines]), encoding="utf-8")
    return [sys.executable, str(path)]


def test_every_finding_of_the_server_becomes_a_result() -> None:
    _, results = checked([*CLIENT, "honest"], "--client-timeout=60")
    possible = {*advice._LEVELS, *judging.LEVELS}
    assert sorted(possible - set(results)) == []
    assert {
        one.rule: one.reason for one in results.values() if one.outcome not in {"passed", "skipped"}
    } == {}


@pytest.mark.parametrize("plan", plans.FAULTS, ids=lambda plan: plan.name)
def test_the_honest_client_meets_each_fault_and_gets_by(plan: plans.Plan) -> None:
    run = run_client([*CLIENT, "honest"], timeout_s=60, plan=plan)
    assert (run.exit_code, run.output) == (0, "")
    assert [one.finding for one in run.findings] == []
    met = {one.operation for one in run.sent if one.failed}
    assert met == ({"upload.chunk", "generateContent"} & {op for f in plan.faults for op in f["operation"]})
    waits = [one for one in run.sent if one.operation == "files.get"]
    assert len(waits) > 1 if plan.processing_s else len(waits) == 1


def test_what_the_client_does_after_a_failure_is_noted(tmp_path: Path) -> None:
    command = program(tmp_path, "sys.exit(client.post(path + 'generateContent', json=asked).is_error)")
    code, results = checked(command, "--faults", "--only-rule=errors")
    noted = results["errors.back-off"]
    assert (code, noted.outcome) == (0, "noted")
    assert "503 twice: generateContent given up" in noted.reason
    assert results["errors.valid-request"].outcome == "passed"


def test_a_finding_shows_the_request_without_its_key(tmp_path: Path) -> None:
    command = program(tmp_path, "client.post(path + 'generateContent', json=asked | {'prompt': 'hi'})")
    code, results = checked(command)
    failed = results["errors.valid-request"]
    assert (code, failed.outcome) == (1, "failed")
    assert 'Unknown name \\"prompt\\"' in str(failed.actual)
    (exchange,) = failed.exchanges
    assert '"prompt":"hi"' in exchange.request.body.replace(" ", "")
    assert "conformance" not in exchange.model_dump_json()
    assert "--only errors.valid-request" in failed.repeat


def test_a_path_that_does_not_exist_is_a_form_that_is_refused(tmp_path: Path) -> None:
    code, results = checked(program(tmp_path, "client.post('/v2/nowhere', json=asked)"))
    assert (code, results["errors.valid-request"].outcome) == (1, "failed")


def test_a_stream_reaches_the_client_piece_by_piece(tmp_path: Path) -> None:
    lines = (
        "with client.stream('POST', path + 'streamGenerateContent?alt=sse', json=asked) as reply:",
        "    pieces = list(reply.iter_raw())",
        "print(len(pieces))",
    )
    run = run_client(program(tmp_path, *lines), timeout_s=60)
    assert int(run.output) > 1


def test_nothing_asked_and_nothing_uploaded_is_skipped(tmp_path: Path) -> None:
    code, results = checked(program(tmp_path, "client.get('/v1beta/models')"))
    said = {one.reason for one in results.values() if one.outcome == "skipped"}
    assert code == 0
    assert said == {
        "the client asked no model anything",
        "the client uploaded nothing",
        "no request failed: run with --faults",
    }


def test_endless_output_takes_no_memory(tmp_path: Path) -> None:
    lines = ("client.get('/v1beta/models')", "for _ in range(20): sys.stdout.write('x' * 10**6)")
    run = run_client(program(tmp_path, *lines), timeout_s=60)
    assert run.exit_code == 0
    assert set(run.output) == {"x"}
    assert len(run.output) == 2000


def test_a_client_that_does_not_end_is_ended_once_and_noted(tmp_path: Path) -> None:
    lines = ("client.post(path + 'generateContent', json=asked)", "import time; time.sleep(600)")
    code, results = checked(program(tmp_path, *lines), "--faults", "--client-timeout=5")
    assert (code, results["errors.valid-request"].outcome) == (0, "noted")
    assert results["errors.valid-request"].reason == "no fault: it did not end in time"
    assert results["errors.back-off"].outcome == "skipped"  # for lack of a fault: there was one run


def test_a_client_that_fails_without_a_fault_is_noted(tmp_path: Path) -> None:
    _, results = checked(program(tmp_path, "client.get('/v1beta/models')", "sys.exit(3)"))
    assert results["errors.valid-request"].reason == "no fault: exit code 3"
