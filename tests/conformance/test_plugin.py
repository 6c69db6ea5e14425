"""What a check's end means: by level of its rule, by baseline, by what it raised."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from visionspec import spec
from visionspec_conformance.run import run_checks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from visionspec_conformance.run import Run

HEAD = """
import pytest
from hypothesis import assume, given, strategies as st
from visionspec_conformance.judge import Broken, Untestable, broken, expect, expect_that
"""


def rule(rule_id: str, level: str) -> spec.Rule:
    return spec.Rule.model_validate(
        {
            "id": rule_id,
            "level": level,
            "status": "tentative",
            "since": "2026.11",
            "text": "It is so.",
            "provenance": [{"source": "a test"}],
            "decided_by": ["check"],
        }
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    known = {
        f"demo.{level.lower()}": rule(f"demo.{level.lower()}", level) for level in ("MUST", "SHOULD", "MAY")
    }
    monkeypatch.setattr(spec, "rules", lambda: known)
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # put back when the test ends

    def run(body: str, *options: str) -> Run:
        (tmp_path / "check_demo.py").write_text(HEAD + textwrap.dedent(body), encoding="utf-8")
        return run_checks(str(tmp_path), options)

    return run


@pytest.mark.parametrize(
    ("level", "body", "outcome", "code"),
    [
        ("must", "pass", "passed", 0),
        ("must", "expect(1, 2, 'status')", "failed", 1),
        ("should", "expect(1, 2, 'status')", "warned", 0),
        ("may", "expect(1, 2, 'status')", "noted", 0),
        ("must", "note('the first reading')", "noted", 0),
        ("must", "pytest.skip('no reason')", "skipped", 2),
        ("must", "raise Untestable('no upload')", "untestable", 1),
        ("should", "raise Untestable('no upload')", "untestable", 1),
        ("must", "{}['missing']", "error", 2),
        ("must", "assert 1 == 2", "failed", 1),
    ],
)
def test_the_level_of_the_rule_decides(
    run: Callable[..., Run], level: str, body: str, outcome: str, code: int
) -> None:
    done = run(f"""
        @pytest.mark.rule("demo.{level}")
        def test_it(note):
            {body}
    """)
    assert ([result.outcome for result in done.results], done.exit_code) == ([outcome], code)
    assert done.footer is not None
    assert done.footer.outcomes == {outcome: 1}


def test_a_failure_says_what_was_expected_and_how_to_repeat_it(run: Callable[..., Run]) -> None:
    done = run("""
        @pytest.mark.rule("demo.must")
        def test_it():
            expect({"code": 5}, {"code": 4}, "error")
    """, "--target-url=http://127.0.0.1:9")  # fmt: skip
    (result,) = done.results
    assert (result.expected, result.actual) == ('error = {"code": 4}', 'error = {"code": 5}')
    assert result.check == "check_demo.py::test_it"
    assert result.repeat == (
        "visionspec check server --url http://127.0.0.1:9 --only demo.must --effort normal --seed 0"
    )


def test_the_smallest_failing_example_is_reported(run: Callable[..., Run]) -> None:
    done = run("""
        @pytest.mark.rule("demo.must")
        @given(st.integers(0, 100000))
        def test_it(n):
            expect_that(n < 17, "less than 17", n)
    """)
    assert (done.results[0].outcome, done.results[0].actual) == ("failed", "17")
    assert done.results[0].examples > 1


def test_what_is_untestable_is_not_shrunk(run: Callable[..., Run]) -> None:
    done = run("""
        @pytest.mark.rule("demo.must")
        @given(st.integers(0, 100000))
        def test_it(n):
            raise Untestable("gone")
    """)
    assert (done.results[0].outcome, done.results[0].examples) == ("untestable", 1)


def test_examples_that_never_reach_the_question_are_untestable(run: Callable[..., Run]) -> None:
    done = run(
        """
        @pytest.mark.rule("demo.must")
        @given(st.sampled_from([1, 2]))
        def test_it(n):
            assume(False)
        """
    )
    assert (done.exit_code, done.results[0].outcome) == (1, "untestable")
    assert "led to what this rule is about" in done.results[0].reason


def test_effort_is_the_number_of_examples(run: Callable[..., Run]) -> None:
    body = """
        @pytest.mark.rule("demo.must")
        @given(st.integers())
        def test_it(n):
            pass
    """
    assert [
        run(body, f"--effort={effort}").results[0].examples for effort in ("quick", "normal", "deep")
    ] == [
        5,
        25,
        250,
    ]


def test_the_same_seed_tries_the_same_examples(run: Callable[..., Run], tmp_path: Path) -> None:
    body = f"""
        @pytest.mark.rule("demo.must")
        @given(st.integers())
        def test_it(n):
            with open({str(tmp_path / "tried")!r}, "a") as file:
                print(n, file=file)
    """
    tried = []
    for seed in (1, 1, 2):
        (tmp_path / "tried").unlink(missing_ok=True)
        run(body)
        run_checks(str(tmp_path), [], seed=seed)
        tried.append((tmp_path / "tried").read_text().splitlines()[25:])
    assert tried[0] == tried[1] != tried[2]


def test_a_slow_failure_is_not_shrunk_for_ever(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    from visionspec_conformance import record  # noqa: PLC0415 - only here

    monkeypatch.setitem(record.EFFORTS, "quick", record.Effort(5, 0.3))
    done = run("""
        import time
        @pytest.mark.rule("demo.must")
        @given(st.lists(st.integers(0, 10**9), min_size=6))
        def test_it(numbers):
            time.sleep(0.05)
            expect_that(sum(numbers) < 12345, "a small sum", numbers)
    """, "--effort=quick")  # fmt: skip
    assert done.results[0].outcome == "failed"
    assert done.results[0].duration_s < 1


def test_a_check_without_time_tries_one_example_all_the_same(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    from visionspec_conformance import record  # noqa: PLC0415 - only here

    monkeypatch.setitem(record.EFFORTS, "quick", record.Effort(5, 0.0))
    done = run("""
        @pytest.mark.rule("demo.must")
        @given(st.integers())
        def test_it(number):
            expect(number, "never", "number")
    """, "--effort=quick")  # fmt: skip
    assert (done.results[0].outcome, done.results[0].examples) == ("failed", 1)


def test_only_what_was_asked_for_runs(run: Callable[..., Run]) -> None:
    body = """
        @pytest.mark.rule("demo.must")
        def test_one(): pass

        @pytest.mark.schema
        @pytest.mark.rule("demo.should")
        def test_two(): pass
    """

    def ran(*options: str) -> list[str]:
        return [result.check.partition("::")[2] for result in run(body, *options).results]

    assert ran() == ["test_two", "test_one"]  # the schema tier first
    assert ran("--only-rule=demo") == ["test_two", "test_one"]
    assert ran("--only-rule=demo.must") == ["test_one"]
    assert ran("--only-level=SHOULD") == ["test_two"]
    assert ran("--only-area=demo", "-k", "one") == ["test_one"]
    assert ran("--only-area=upload") == []


@pytest.mark.parametrize(
    "marks", ["", '@pytest.mark.rule("demo.none")', '@pytest.mark.rule("demo.must")\n' * 2]
)
def test_a_check_decides_exactly_one_rule_that_exists(
    run: Callable[..., Run], marks: str, capfd: pytest.CaptureFixture[str]
) -> None:
    done = run(f"{marks}\ndef test_it(): pass\n")
    assert (done.exit_code, done.results) == (2, [])
    assert "test_it" in capfd.readouterr().err


def test_the_baseline_forgives_what_it_names_and_notices_what_is_mended(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.json"
    names = ["check_demo.py::test_bad", "check_demo.py::test_good"]

    def with_known(known: list[str]) -> Run:
        baseline.write_text(json.dumps({"known_failures": dict.fromkeys(known, "later")}))
        return run("""
            @pytest.mark.rule("demo.must")
            def test_bad(): assert False

            @pytest.mark.rule("demo.must")
            def test_good(): pass
        """, f"--baseline={baseline}")  # fmt: skip

    assert with_known([]).exit_code == 1
    forgiven = with_known(names[:1])
    assert (forgiven.exit_code, [result.known for result in forgiven.results]) == (0, [True, False])
    stale = with_known(names)
    assert stale.footer is not None
    assert (stale.exit_code, stale.footer.stale) == (1, names[1:])


def test_a_baseline_that_names_what_is_no_check_is_stale(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    known = {"rules/check_vectors.py::no_such": "a slip", "server/check_x.py::of_another_kind": "elsewhere"}
    path.write_text(json.dumps({"known_failures": known}))
    adapter = f"--target-command={sys.executable} -m visionspec_conformance.rules.adapter"
    done = run_checks("rules", [adapter, "--only-rule=boxes.to-pixels", f"--baseline={path}"])
    assert done.footer is not None
    assert (done.exit_code, done.footer.stale) == (1, ["rules/check_vectors.py::no_such"])


def test_a_baseline_that_is_none_is_wrong_usage(
    run: Callable[..., Run], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "baseline.json").write_text("[]")
    done = run("def test_it(): pass", f"--baseline={tmp_path / 'baseline.json'}")
    assert done.exit_code == 2
    assert "known_failures" in capfd.readouterr().err
