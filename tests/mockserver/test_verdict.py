"""What the server says about the requests of a client, each wrong or unwise thing done once on purpose."""

from __future__ import annotations

import base64
import contextlib
import io
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from visionspec import spec
from visionspec.rules import advice
from visionspec_mockserver import MockServer
from visionspec_mockserver.verdict import judging
from visionspec_mockserver.verdict.watching import Upload

if TYPE_CHECKING:
    from collections.abc import Callable

GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent"
UNIT_BYTES = 256 * 1024


def _white() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(out, "PNG")
    return out.getvalue()


WHITE = _white()


def question(*parts: Any) -> dict[str, Any]:
    """As the page of generateContent advises it: the image first."""
    return {"contents": [{"role": "user", "parts": [*parts, {"text": "Caption this."}]}]}


def inline(data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def findings(api: httpx.Client) -> list[tuple[int, str, str]]:
    """Number of the request, level and rule."""
    requests = api.get("/_mock/log").json()["requests"]
    return [(one["n"], found["level"], found["rule"]) for one in requests for found in one["findings"]]


def message(api: httpx.Client) -> str:
    ((text),) = [
        found["message"] for one in api.get("/_mock/log").json()["requests"] for found in one["findings"]
    ]
    return str(text)


def start(api: httpx.Client, size_bytes: int, mime_type: str = "image/png") -> str:
    headers = {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": str(size_bytes),
        "x-goog-upload-header-content-type": mime_type,
    }
    return str(
        api.post("/upload/v1beta/files", headers=headers, json={"file": {}}).headers["x-goog-upload-url"]
    )


def send(
    api: httpx.Client, url: str, offset: int, data: bytes, verb: str = "upload, finalize"
) -> httpx.Response:
    headers = {"x-goog-upload-command": verb, "x-goog-upload-offset": str(offset)}
    return api.post(url, headers=headers, content=data)


def upload(api: httpx.Client, data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    return dict(send(api, start(api, len(data), mime_type), 0, data).json()["file"])


def test_levels_are_those_of_the_rules() -> None:
    rules = spec.rules()
    assert {rule: rules[rule].level for rule in judging.LEVELS} == judging.LEVELS
    shared = judging.LEVELS.keys() & advice._LEVELS.keys()
    assert {rule: advice._LEVELS[rule] for rule in shared} == {rule: judging.LEVELS[rule] for rule in shared}


class TestOneRequest:
    def test_nothing_to_say(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        assert api.post(GENERATE, json=question(inline(draw()))).status_code == 200
        assert findings(api) == []

    def test_advice_about_the_request(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        parts = [{"text": "Caption this."}, inline(draw())]
        api.post(GENERATE, json={"contents": [{"parts": parts}]})
        assert findings(api) == [(1, "SHOULD", "advice.text-order")]

    @pytest.mark.rule("media.declared-type")
    def test_a_misspelled_type(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        assert api.post(GENERATE, json=question(inline(draw(form="JPEG"), "image/jpg"))).status_code == 400
        assert findings(api) == [(1, "MUST", "media.declared-type")]
        assert "image/jpeg" in message(api)

    @pytest.mark.rule("limits.inline-request")
    def test_base64_over_the_limit(self) -> None:
        with MockServer(max_body_bytes=64 * 1024 * 1024) as server:
            body = question(inline(bytes(16 * 1024 * 1024)))
            httpx.post(server.url + GENERATE, json=body, headers={"x-goog-api-key": "k"}, timeout=60)
            rules = {one.finding.rule for one in server.findings()}
        assert "limits.inline-request" in rules

    @pytest.mark.rule("limits.inline-request")
    def test_a_body_that_is_not_even_read(self, api: httpx.Client) -> None:
        body = question(inline(bytes(16 * 1024 * 1024)))  # 21.3 MiB in base64
        assert api.post(GENERATE, json=body).status_code == 400
        assert findings(api) == [(1, "MUST", "limits.inline-request")]

    def test_count_tokens_with_a_whole_request(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        whole = {"contents": [{"parts": [{"text": "Caption this."}, inline(draw())]}]}
        path = GENERATE.replace("generateContent", "countTokens")
        api.post(path, json={"generateContentRequest": {**whole, "model": "models/gemini-2.5-flash"}})
        assert findings(api) == [(1, "SHOULD", "advice.text-order")]

    def test_the_page_of_interactions_advises_the_other_order(self, api: httpx.Client, png: str) -> None:
        image = {"type": "image", "mime_type": "image/png", "data": png}
        text = {"type": "text", "text": "Caption this."}
        for parts in ([text, image], [image, text]):
            body = {"model": "gemini-3-flash-preview", "input": parts}
            assert api.post("/v1beta/interactions", json=body).status_code == 200
            api.post("/v1beta/files:nothing")
        assert findings(api) == [(3, "SHOULD", "advice.text-order"), (3, "SHOULD", "advice.files-api")]

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"contents": []}', b'{"contents": 5}'])
    def test_what_is_no_request(self, api: httpx.Client, body: bytes) -> None:
        assert api.post(GENERATE, content=body).status_code == 400
        assert findings(api) == []


class TestFiles:
    @pytest.mark.rule("files.not-active")
    def test_used_before_it_is_active(self, draw: Callable[..., bytes]) -> None:
        with (
            MockServer(processing_s=60) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "k"}) as api,
        ):
            uri = upload(api, draw())["uri"]
            asked = question({"fileData": {"fileUri": uri, "mimeType": "image/png"}})
            assert api.post(GENERATE, json=asked).status_code == 400
            api.post("/_mock/clock", json={"advance_s": 61})
            assert api.post(GENERATE, json=asked).status_code == 200
            assert findings(api) == [(3, "MUST", "files.not-active")]

    @pytest.mark.rule("media.declared-type")
    def test_uploaded_under_a_misspelled_type_and_used(
        self, api: httpx.Client, draw: Callable[..., bytes]
    ) -> None:
        uri = upload(api, draw(form="JPEG"), "image/jpg")["uri"]
        api.post(GENERATE, json=question({"fileData": {"fileUri": uri}}))
        assert findings(api) == [(3, "MUST", "media.declared-type")]

    def test_types_of_other_things_are_fine(self, api: httpx.Client) -> None:
        upload(api, b"%PDF-1.7", "application/pdf")
        upload(api, b"GIF89a", "image/gif")
        assert findings(api) == []

    @pytest.mark.rule("advice.upload-once")
    def test_uploaded_again(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        first = upload(api, draw())["name"]
        upload(api, draw())
        assert findings(api) == [(4, "SHOULD", "advice.upload-once")]
        assert first in message(api)

    def test_uploaded_again_for_a_reason(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        first = upload(api, draw())["name"]
        api.delete(f"/v1beta/{first}")
        upload(api, draw())  # it was deleted
        upload(api, draw(), "image/webp")  # another type
        api.post("/_mock/clock", json={"advance_s": 49 * 3600})
        upload(api, draw())  # it has expired
        assert findings(api) == []

    def test_a_repeated_finalize_is_no_second_upload(
        self, api: httpx.Client, draw: Callable[..., bytes]
    ) -> None:
        url = start(api, len(draw()))
        for _ in range(2):
            assert send(api, url, 0, draw()).status_code == 200
        assert findings(api) == []

    @pytest.mark.rule("advice.files-api")
    def test_sent_inline_again_and_again(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        hot = {"generationConfig": {"temperature": 9}}  # refused: it has to be sent again
        assert api.post(GENERATE, json={**question(inline(draw())), **hot}).status_code == 400
        for text in ("one", "two", "three"):
            api.post(GENERATE, json={"contents": [{"parts": [inline(draw()), {"text": text}]}]})
        api.post(GENERATE, json=question(inline(draw(480, 270))))
        assert findings(api) == [(3, "SHOULD", "advice.files-api"), (4, "SHOULD", "advice.files-api")]


class TestUploads:
    @pytest.mark.rule("upload.client-asks")
    @pytest.mark.parametrize("fault", [{"error": 503}, {"lose_reply": True}, {"break_upload": 1000}])
    @pytest.mark.parametrize("asks", [True, False])
    def test_after_a_failure(self, fault: dict[str, Any], *, asks: bool) -> None:
        with (
            MockServer(faults=[{"operation": "upload.chunk", "times": 1, **fault}]) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "k"}) as api,
        ):
            data = bytes(2 * UNIT_BYTES)
            url = start(api, len(data))
            with contextlib.suppress(httpx.TransportError):
                send(api, url, 0, data[:UNIT_BYTES], "upload")
            received = 0
            if asks:
                reply = api.post(url, headers={"x-goog-upload-command": "query"})
                received = int(reply.headers["x-goog-upload-size-received"])
            assert send(api, url, received, data[received:]).json()["file"]["sizeBytes"] == str(len(data))
            found = {(one.finding.level, one.finding.rule) for one in server.findings()}
        assert (("MAY", "upload.client-asks") in found) is not asks

    def test_a_query_that_fails_tells_nothing(self) -> None:
        one = Upload()
        assert one.saw("upload", failed=True) is None
        assert one.saw("query", failed=True) is None
        assert one.saw("finalize", failed=False) is not None
        assert one.saw("cancel", failed=False) is None

    @pytest.mark.rule("upload.client-offsets")
    def test_a_gap(self, api: httpx.Client) -> None:
        url = start(api, 2 * UNIT_BYTES)
        assert send(api, url, UNIT_BYTES, bytes(UNIT_BYTES)).status_code == 409
        assert findings(api) == [(2, "MUST", "upload.client-offsets")]


@pytest.mark.rule("errors.back-off")
class TestBackOff:
    @pytest.mark.parametrize("fault", [{"error": 503}, {"error": 429}, {"reset": "before"}])
    def test_at_once(self, fault: dict[str, Any]) -> None:
        assert self.retried(fault) == ["sent again"]

    def test_as_long_as_was_said(self) -> None:
        told = {"error": {"status": 503, "headers": {"retry-after-ms": "5"}}}
        assert self.retried(told, wait_s=0.02) == []

    def test_not_as_long_as_was_said(self) -> None:
        assert self.retried({"error": {"status": 429, "retry_after_s": 60}}, wait_s=0.35) == [
            "was told to wait 60 s"
        ]

    def test_only_the_body_says_how_long(self) -> None:
        info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
        error = {"status": 429, "details": [info]}
        assert self.retried({"error": error}, wait_s=0.35) == ["was told to wait 34.5 s"]

    def test_long_enough_where_nothing_was_said(self) -> None:
        assert self.retried({"error": 500}, wait_s=0.31) == []

    def test_another_question_is_no_retry(self) -> None:
        assert self.retried({"error": 500}, second="Are you dog") == []

    def retried(
        self, fault: dict[str, Any], *, wait_s: float = 0.0, second: str = "Are you cat"
    ) -> list[str]:
        """What is said of a client that sends two questions of one length, the first of which fails."""
        with (
            MockServer(faults=[{"operation": "generateContent", "times": 1, **fault}]) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "k"}) as api,
        ):
            for text in ("Are you cat", second):
                with contextlib.suppress(httpx.TransportError):
                    api.post(GENERATE, json={"contents": [{"parts": [{"text": text}]}]})
                time.sleep(wait_s)  # what is tested: how long it waits
            found = [one.finding for one in server.findings()]
        assert {one.rule for one in found} <= {"errors.back-off"}
        return [
            next(
                said
                for said in (f"was told to wait {one.message.split()[-2]} s", "sent again")
                if said in one.message
            )
            for one in found
        ]

    def test_it_has_to_grow(self) -> None:
        with (
            MockServer(faults=[{"operation": "generateContent", "error": 500}]) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "k"}) as api,
        ):
            for _ in range(3):
                api.post(GENERATE, json={"contents": [{"parts": [{"text": "x"}]}]})
                time.sleep(0.31)
            (one,) = server.findings()
        assert one.n == 3
        assert "failed 2 times in a row" in one.finding.message
        assert "0.6 s" in one.finding.message

    def test_two_at_a_time_are_no_retry(self) -> None:
        with MockServer(faults=[{"operation": "generateContent", "delay_s": 0.3, "error": 500}]) as server:
            body = {"contents": [{"parts": [{"text": "x"}]}]}

            def ask() -> None:
                httpx.post(server.url + GENERATE, json=body, headers={"x-goog-api-key": "k"})

            threads = [threading.Thread(target=ask) for _ in range(2)]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
            assert server.findings() == []


class TestVerdict:
    def test_reset_forgets(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        api.post(GENERATE, json=question(inline(draw())))
        api.post("/_mock/reset")
        api.get("/v1beta/models")
        api.post(GENERATE, json=question(inline(draw())))
        assert findings(api) == []

    def test_what_is_gone_is_counted(self, draw: Callable[..., bytes]) -> None:
        def asked(number: int) -> dict[str, Any]:
            drawn = inline(draw(960, 540 + number))
            return {"contents": [{"parts": [{"text": "Caption this."}, drawn, drawn, {"text": "?"}]}]}

        with (
            MockServer(journal_bytes=60_000) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "k"}, timeout=60) as api,
        ):
            for number in range(60):
                assert api.post(GENERATE, json=asked(number)).status_code == 200
            found = {one.n for one in server.findings()}
            missed = server.app.state.mock.verdict.missed
        assert found
        assert (min(found) > 1, max(found), len(found) + missed) == (True, 60, 60)

    @pytest.mark.parametrize("keep_up", [False, True])
    def test_who_keeps_up_misses_no_body(self, keep_up: bool, draw: Callable[..., bytes]) -> None:  # noqa: FBT001
        """Twenty of 125 kB, and a log that holds on to a megabyte of bodies."""
        texts = [{"text": f"{number} {'x' * 180}"} for number in range(600)]
        image = inline(draw())
        with (
            MockServer(journal_bytes=4_000_000) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "k"}, timeout=60) as api,
        ):
            verdict = server.app.state.mock.verdict
            if keep_up:
                verdict.keep_up()
            for number in range(20):
                body = {"contents": [{"parts": [*texts, {"text": str(number)}, image]}]}
                assert api.post(GENERATE, json=body).status_code == 200
            found = {one.n for one in verdict.findings()}  # that the image comes first is advised
            log = api.get("/_mock/log").json()
        assert (log["missed"], log["dropped"]) == (verdict.missed, 0)
        assert found == set(range(verdict.missed + 1, 21))
        assert (verdict.missed == 0) is keep_up

    def test_an_image_that_is_held_once_is_looked_into_as_often_as_it_came(
        self, api: httpx.Client, draw: Callable[..., bytes]
    ) -> None:
        for _ in range(3):
            api.post(GENERATE, json=question(inline(draw()), inline(draw(480, 270))))
        where = [f"contents[0].parts[{number}].inlineData" for number in range(2)]
        found = [
            (one["n"], said["rule"], said["where"])
            for one in api.get("/_mock/log").json()["requests"]
            for said in one["findings"]
        ]
        assert found == [(n, "advice.files-api", place) for n in (2, 3) for place in where]

    def test_the_strongest_first_and_each_once(self) -> None:
        def judged(n: int, level: advice.Level, rule: str) -> judging.Judged:
            return judging.Judged(n, "GET", "/p", advice.Finding(rule, level, f"{rule} is broken", "there"))

        found = [judged(1, "MAY", "a.b"), *(judged(n, "MUST", "c.d") for n in range(2, 7))]
        assert judging.summary(found) == [
            "MUST c.d: c.d is broken",
            "  request 2, GET /p: there",
            "  request 3, GET /p: there",
            "  request 4, GET /p: there",
            "  and 2 more",
            "MAY a.b: a.b is broken",
            "  request 1, GET /p: there",
        ]

    def test_levels(self) -> None:
        found = [
            judging.Judged(1, "GET", "/", advice.Finding("x.y", level, "", "")) for level in judging.ORDER
        ]
        assert [len(judging.at_least(level, found)) for level in judging.ORDER] == [1, 2, 3]


CLIENT = """
import os, sys
import httpx

part = {"inlineData": {"mimeType": sys.argv[1], "data": "eA=="}}
body = {"contents": [{"parts": [{"text": "Hi."}, *([part] if sys.argv[1] else [])]}]}
url = os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1beta/models/gemini-2.5-flash:generateContent"
httpx.post(url, headers={"x-goog-api-key": "k"}, json=body)
print("done")
sys.exit(int(sys.argv[2]))
"""


class TestCommandLine:
    """`visionspec run --verdict` judges an application that knows nothing of it."""

    @pytest.mark.parametrize(
        ("options", "mime_type", "ends_with", "code"),
        [
            (["--verdict"], "image/jpg", 0, 1),
            (["--verdict"], "", 0, 0),
            (["--verdict"], "image/jpg", 7, 7),
            ([], "image/jpg", 0, 0),
            (["--fail-on", "MUST"], "image/png", 0, 1),
        ],
    )
    def test_exit_codes(self, options: list[str], mime_type: str, ends_with: int, code: int) -> None:
        done = self.run(*options, "--", sys.executable, "-c", CLIENT, mime_type, str(ends_with))
        assert (done.returncode, done.stdout) == (code, "done\n")
        assert ("verdict on 1 requests: " in done.stderr) is bool(options)
        assert ("MUST media.declared-type" in done.stderr) is (bool(options) and mime_type == "image/jpg")

    def test_what_is_unwise_only_is_for_who_wants_it(self) -> None:
        twice = CLIENT.replace(
            "print(", "httpx.post(url, headers={'x-goog-api-key': 'k'}, json=body); print("
        )
        twice = twice.replace('"eA=="', f'"{base64.b64encode(WHITE).decode()}"')
        command = ["--", sys.executable, "-c", twice, "image/png", "0"]
        assert self.run("--verdict", *command).returncode == 0
        done = self.run("--fail-on", "SHOULD", *command)
        assert done.returncode == 1
        assert "SHOULD advice.files-api" in done.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from visionspec.cli import main; main()", "run", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
