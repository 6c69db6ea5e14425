"""``visionspec check`` as a user runs it: exit codes, reports, views, one line for wrong usage."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from visionspec_conformance import report
from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with MockServer() as server:
        yield server.url


def check(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "visionspec.cli", "check", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
    )


def test_a_server_is_checked_and_reported(url: str, tmp_path: Path) -> None:
    files = {name: tmp_path / f"report.{name}" for name in ("ndjson", "xml", "html")}
    done = check(
        "server", "--url", url, "--only", "models", "--effort", "quick", "--report", str(files["ndjson"]),
        "--junit", str(files["xml"]), "--html", str(files["html"]), cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "rules   3 of 3 kept (3/3 observed)" in done.stdout
    header, results, footer = report.read(files["ndjson"])
    assert (header.judged.kind, header.judged.address, header.checks) == ("server", url, len(results))
    assert footer is not None
    assert footer.requests == sum(result.requests for result in results) > 0
    cases = ET.parse(files["xml"]).getroot().findall("testsuite/testcase")  # noqa: S314 - our own output
    assert [case.attrib["name"] for case in cases] == [result.check for result in results]
    page = files["html"].read_text(encoding="utf-8")
    assert "models.list" in page
    assert "<script" not in page
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in files.values())


def test_json_is_the_report_and_nothing_else(url: str) -> None:
    done = check("server", "--url", url, "--only", "models.missing", "--json")
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr, events) == (0, "", ["header", "result", "footer"])


def test_a_key_never_reaches_a_report(url: str, tmp_path: Path) -> None:
    path = tmp_path / "report.ndjson"
    check(
        "server",
        "--url",
        f"{url}/nowhere",
        "--api-key",
        "very-secret",
        "--area",
        "models",
        "--report",
        str(path),
    )
    text = path.read_text(encoding="utf-8")
    assert '"failed"' in text
    assert "x-goog-api-key" in text
    assert "very-secret" not in text


def test_a_budget_is_kept_and_said(url: str, tmp_path: Path) -> None:
    path = tmp_path / "report.ndjson"
    done = check("server", "--url", url, "--area", "models", "--max-requests", "3", "--report", str(path))
    _, results, footer = report.read(path)
    assert footer is not None
    assert footer.requests == 3
    assert "not decided: the budget of 3 requests is spent" in done.stdout
    assert {result.outcome for result in results} == {"passed", "skipped"}


@pytest.mark.parametrize("workers", [[], ["--", "-n", "2"]], ids=["alone", "two workers"])
def test_no_request_and_no_byte_goes_beyond_the_budget(workers: list[str]) -> None:
    with MockServer() as server:
        done = check(
            "server", "--url", server.url, "--area", "models", "--area", "files", "--effort", "quick",
            "--max-requests", "20", "--max-bytes", "500", *workers,
        )  # fmt: skip
        sent = server.requests
    assert done.returncode == 0, done.stdout + done.stderr
    assert 10 < len(sent) <= 20
    assert 0 < sum(one["request_bytes"] for one in sent) <= 500


def test_a_dry_run_sends_nothing() -> None:
    done = check(
        "server", "--url", "http://127.0.0.1:9", "--area", "models", "--effort", "quick", "--dry-run"
    )
    assert done.returncode == 0
    assert "nothing was sent to http://127.0.0.1:9" in done.stdout
    assert "requests" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["server"], "Missing option '--url'"),
        (["server", "--url", "localhost"], "no base URL"),
        (["server", "--url", "http://127.0.0.1:9", "--only", "upload.strat"], "do you mean upload.start"),
        (["server", "--url", "http://127.0.0.1:9", "--only", "boxes.to-pixels"], "nothing was decided"),
        (["server", "--url", "http://127.0.0.1:9/v1beta"], "--api-version"),
        (["server", "--url", "http://127.0.0.1:99999"], "Port out of range"),
        (["server", "--url", "http://me:secret@127.0.0.1"], "holds a name and a password"),
        (["server", "--url", "http://127.0.0.1:9", "--dry-run", "--report", "x"], "judges nothing"),
        (["server", "--url", "http://127.0.0.1:9", "--api-version", "beta"], "v1alpha"),
        (["server", "--url", "http://127.0.0.1:9", "--junit", "/no/such/place"], "cannot write"),
        (["server", "--url", "http://127.0.0.1:9", "--update-baseline"], "needs --baseline"),
        (
            ["server", "--url", "http://127.0.0.1:9", "--baseline", "no-such-file"],
            "--update-baseline makes it",
        ),
        (["server", "--url", "http://127.0.0.1:9", "--effort", "heroic"], "heroic"),
        (["rules", "--", "no-such-program"], "no program 'no-such-program'"),
        (["client", "--", "no-such-program"], "no program 'no-such-program'"),
        (["rules"], "Missing argument"),
        (["controls", "--only", "no.such-rule"], "no negative control for no.such-rule"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(words: list[str], said: str) -> None:
    done = check(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_client_that_sends_nothing_is_untestable() -> None:
    done = check("client", "--", sys.executable, "-c", "raise SystemExit('no key')")
    assert done.returncode == 1
    assert "sent nothing to GOOGLE_GEMINI_BASE_URL" in done.stdout
    assert "no key" in done.stdout


def test_a_client_that_never_ends_is_ended() -> None:
    done = check("client", "--timeout", "0.5", "--", sys.executable, "-c", "import time; time.sleep(60)")
    assert done.returncode == 1


def test_pytest_itself_is_the_same_run(url: str, tmp_path: Path) -> None:
    words = ["--pyargs", "visionspec_conformance.server", "-p", "visionspec_conformance.plugin"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, f"--target-url={url}", "--only-rule=models", "-n", "2"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout
    assert "3 of 3 kept" in done.stdout


def test_several_reports_make_one_page(url: str, tmp_path: Path) -> None:
    reports = []
    for version in ("v1", "v1beta"):
        path = tmp_path / f"{version}.ndjson"
        check("server", "--url", url, "--api-version", version, "--only", "models", "--report", str(path))
        reports.append(str(path))
    done = check("matrix", *reports, "--html", str(tmp_path / "page.html"))
    assert done.returncode == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("rules kept") == 2
