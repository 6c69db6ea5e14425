"""Servers that keep the rules in another way than ours: no check may take a habit of our own for a rule."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

import pytest

from visionspec_conformance import record
from visionspec_conformance.broken import Answer, Wrapped, each, edited, refuse, serve
from visionspec_conformance.report import to_line
from visionspec_conformance.run import run_checks
from visionspec_mockserver import Settings, create_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from visionspec_conformance.broken import Break, Call, Server
    from visionspec_conformance.run import Run


KEY = "a key+/of=ours"


@pytest.fixture(autouse=True)
def _seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # put back when the test ends
    monkeypatch.setitem(record.EFFORTS, "quick", record.Effort(3, 1.0))


def checked(habit: Break | None, *rules: str, settings: Settings | None = None) -> Run:
    app = create_app(settings)
    with serve(Wrapped(app, habit) if habit else app) as url:
        words = [
            f"--target-url={url}",
            f"--target-api-key={KEY}",
            "--effort=quick",
            *(f"--only-rule={rule}" for rule in rules),
        ]
        return run_checks("server", words)


_MARK = "+/&=%# ?"


def _odd(token: str) -> str:
    return base64.b64encode(token.encode()).decode() + _MARK


async def odd_tokens(call: Call, server: Server) -> Answer:
    """Tokens and ids of events of characters that mean something in a query."""
    query = parse_qs(call.query)
    for name in ("pageToken", "last_event_id"):
        if query.get(name, [""])[0].endswith(_MARK):
            query[name] = [base64.b64decode(query[name][0].removesuffix(_MARK)).decode()]
    answer = await server(call.but(query=urlencode(query, doseq=True)))
    body = re.sub(r'"event_id":"([^"]+)"', lambda m: f'"event_id":"{_odd(m[1])}"', answer.body.decode())

    def change(page: Any) -> None:
        if isinstance(page, dict) and page.get("nextPageToken"):
            page["nextPageToken"] = _odd(page["nextPageToken"])

    return edited(answer.but(body=body.encode()), change)


async def bare_end(call: Call, server: Server) -> Answer:
    """A last piece of a stream that holds no text, only why it ends and what it cost."""
    answer = await server(call)
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return answer
    pieces = [json.loads(data) for data in re.findall("data: (.+?)\r?\n\r?\n", answer.body.decode())]
    reason, usage = pieces[-1]["candidates"][0].pop("finishReason"), pieces[-1].pop("usageMetadata")
    pieces.append({"candidates": [{"finishReason": reason, "index": 0}], "usageMetadata": usage})
    return answer.but(body="".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces).encode())


async def no_zeros(call: Call, server: Server) -> Answer:
    """What is zero or empty is left out, as Protocol Buffers write JSON."""
    answer = await server(call)

    def without(value: dict[str, Any]) -> None:
        for name in [name for name, one in value.items() if one in (0, "0", "") and one is not False]:
            del value[name]

    return edited(answer, lambda body: each(body, without))


async def nanoseconds(call: Call, server: Server) -> Answer:
    """Times of nine digits, and the zone as a number."""
    answer = await server(call)
    return answer.but(body=re.sub(rb'(T[\d:]{8})[\d.]*Z"', rb'\1.123456789+00:00"', answer.body))


async def zipped(call: Call, server: Server) -> Answer:
    """Answers compressed unasked, as by a proxy."""
    answer = await server(call)
    return answer.said(content_encoding="gzip").but(body=gzip.compress(answer.body))


def _busy_now_and_then(status: int) -> Break:
    calls: list[Call] = []

    async def busy(call: Call, server: Server) -> Answer:
        calls.append(call)
        if len(calls) % 3:
            return await server(call)
        details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.01s"}]
        return Answer(status).but(json_body={"error": {"code": status, "details": details}})

    return busy


@pytest.mark.parametrize(
    ("habit", "rules"),
    [
        (odd_tokens, ["files.list-paging", "interactions.stream-resume"]),
        (bare_end, ["generate.stream-end", "generate.stream-sse"]),
        (no_zeros, ["upload.multipart", "upload.empty-file"]),
        (nanoseconds, ["interactions.resource", "files.lifetime"]),
        (zipped, ["models", "interactions.usage", "interactions.stream-done"]),
        (_busy_now_and_then(429), ["models", "interactions.stream-text"]),
        (_busy_now_and_then(503), ["models", "files.delete"]),
    ],
)
def test_another_habit_breaks_no_rule(habit: Break, rules: list[str]) -> None:
    done = checked(habit, *rules)
    assert [one for one in done.results if one.outcome != "passed"] == []
    assert {one.rule.partition(".")[0] for one in done.results} == {rule.partition(".")[0] for rule in rules}


def test_a_file_that_is_not_active_at_once_is_waited_for() -> None:
    done = checked(None, "generate.file-data", "interactions.file-uri", settings=Settings(processing_s=0.05))
    assert [one.outcome for one in done.results] == ["passed", "passed"]


def test_what_is_done_before_it_can_be_cancelled_is_no_failure() -> None:
    done = checked(None, "interactions.cancel", settings=Settings(background_s=0.0))
    (result,) = done.results
    assert (result.outcome, result.reason) == (
        "skipped",
        "the interaction had completed before it could be cancelled",
    )


def _answers(change: Callable[[dict[str, Any]], None]) -> Break:
    async def answers(call: Call, server: Server) -> Answer:
        return edited(await server(call), lambda body: each(body, change))

    return answers


def test_an_image_that_is_dropped_for_its_spelling_is_missed() -> None:
    async def camel_case_alone(call: Call, server: Server) -> Answer:
        body = call.json()
        each(body, lambda value: value.pop("inline_data", None))
        each(body, lambda value: value.update(parts=[part for part in value["parts"] if part])
             if "parts" in value else None)  # fmt: skip
        return await server(call.but(json_body=body)) if body else await server(call)

    done = checked(camel_case_alone, "generate.key-case")
    assert [one.outcome for one in done.results] == ["failed"]
    assert done.results[0].expected == "tokens of modality IMAGE"


def test_a_reason_to_end_in_the_middle_is_noticed() -> None:
    async def always_the_end(call: Call, server: Server) -> Answer:
        answer = await server(call)
        return answer.but(body=answer.body.replace(b'},"index"', b'},"finishReason":"STOP","index"'))

    done = checked(always_the_end, "generate.stream-end")
    assert [(one.outcome, one.expected) for one in done.results] == [
        ("failed", "finishReason of the pieces before = []")
    ]


def test_fields_of_another_form_are_a_failure_of_the_server_and_no_fault_of_ours() -> None:
    def listed(value: dict[str, Any]) -> None:
        for name in ("promptTokensDetails", "content", "file"):
            if name in value:
                value[name] = [7]

    done = checked(_answers(listed), "generate.several-images", "upload.start-body")
    assert {one.outcome for one in done.results} == {"failed"}
    assert done.exit_code == 1
    assert all(one.exchanges for one in done.results)


def test_a_machine_shows_what_was_said_when_its_end_fails() -> None:
    async def numbers(call: Call, server: Server) -> Answer:
        def count(body: dict[str, Any]) -> None:
            if "file" in body:
                body["file"]["sizeBytes"] = 1

        return edited(await server(call), count)

    done = checked(numbers, "upload.repeated-chunk")
    (machine,) = [one for one in done.results if "any_schedule" in one.check]
    assert machine.outcome == "failed"
    assert machine.exchanges[-1].response is not None
    assert '"sizeBytes": 1' in machine.exchanges[-1].response.body


def test_a_key_that_is_said_back_stands_in_no_report() -> None:
    async def says_it(call: Call, server: Server) -> Answer:
        answer = await server(call)
        told = f"{call.headers.get('x-goog-api-key')} {call.query}"
        return answer if answer.status == 200 and "key=" not in call.query else refuse(418, message=told)

    done = checked(says_it, "errors.key-in-query", "models.missing")
    assert [one.outcome for one in done.results] == ["failed", "failed"]
    said = "".join(map(to_line, done.results))
    assert "?key=..." in said
    assert KEY not in said
    assert "of%3Dours" not in said
