"""Failures on purpose: what a client sees, what the server has done, and what the account says."""

from __future__ import annotations

import base64
import json
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from visionspec import decode_answer
from visionspec_mockserver import MockServer
from visionspec_mockserver.faults.operations import OPERATIONS, operation
from visionspec_mockserver.faults.plan import Unfired
from visionspec_mockserver.journal import HEADERS
from visionspec_mockserver.scripts.problems import InvalidScript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FLASH = "/v1/models/gemini-2.5-flash"
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


@pytest.fixture
def faults(server: MockServer, api: httpx.Client) -> Iterator[Any]:
    del api
    yield server.faults
    server.faults.clear()
    server.scripts.clear()


@pytest.fixture
def generate(api: httpx.Client) -> Callable[..., httpx.Response]:
    def ask(text: str = "Hello", method: str = "generateContent", **headers: str) -> httpx.Response:
        body = {"contents": [{"parts": [{"text": text}]}]}
        return api.post(f"{FLASH}:{method}", json=body, headers=headers)

    return ask


@pytest.fixture
def begin(api: httpx.Client) -> Callable[[bytes], str]:
    """Start an upload of these bytes; the URL to send them to."""

    def start(data: bytes) -> str:
        headers = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(len(data)),
            "X-Goog-Upload-Header-Content-Type": "image/png",
        }
        return api.post("/upload/v1/files", json={"file": {}}, headers=headers).headers["x-goog-upload-url"]

    return start


def sent(command: str, offset: int | None = None) -> dict[str, str]:
    return {"X-Goog-Upload-Command": command} | (
        {} if offset is None else {"X-Goog-Upload-Offset": str(offset)}
    )


class TestErrors:
    def test_a_status_has_the_details_that_go_with_it(self, faults, generate) -> None:
        faults.add(error={"status": 429, "retry_after_s": 3}, operation="generateContent", times=1)
        response = generate()
        assert (response.status_code, response.headers["retry-after"]) == (429, "3")
        error = response.json()["error"]
        assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
        kinds = [detail["@type"].rpartition(".")[2] for detail in error["details"]]
        assert kinds == ["QuotaFailure", "Help", "RetryInfo"]
        assert error["details"][-1]["retryDelay"] == "3s"
        assert generate().status_code == 200

    @pytest.mark.parametrize(
        ("status", "name", "code"),
        [
            (403, "PERMISSION_DENIED", "permission_denied"),
            (500, "INTERNAL", "internal"),
            (503, "UNAVAILABLE", "unavailable"),
        ],
    )
    def test_in_both_dialects(self, faults, generate, api, status, name, code) -> None:
        faults.add(error=status)
        error = generate().json()["error"]
        assert (error["code"], error["status"]) == (status, name)
        response = api.post("/v1/interactions", json={"model": "gemini-3-flash-preview", "input": "x"})
        assert response.status_code == status
        assert response.json()["error"]["code"] == code

    def test_nothing_has_happened(self, faults, api) -> None:
        faults.add(error=503, operation="interactions.create")
        body = {"model": "gemini-3-flash-preview", "input": "x"}
        assert api.post("/v1/interactions", json=body).status_code == 503
        (entry,) = api.get("/_mock/log").json()["requests"]
        assert "model" not in entry
        assert (entry["status"], entry["fault"]) == (503, "added 1")

    def test_on_a_chunk_it_has_no_status_of_the_upload(self, faults, api, begin) -> None:
        # with one, Python's SDK would go on with the next chunk
        url = begin(b"x" * 1000)
        faults.add(error=503, operation="upload.chunk", times=1)
        response = api.post(url, content=b"x" * 1000, headers=sent("upload, finalize", 0))
        assert response.status_code == 503
        assert "x-goog-upload-status" not in response.headers
        assert api.post(url, headers=sent("query")).headers["x-goog-upload-size-received"] == "0"
        assert api.post(url, content=b"x" * 1000, headers=sent("upload, finalize", 0)).status_code == 200

    def test_a_big_body_is_read_before_the_answer(self, faults, begin, server) -> None:
        # a client that writes all before it reads, as curl's sample does
        url = httpx.URL(begin(b"x" * 8_000_000))
        faults.add(error=500, operation="upload.*")
        head = f"POST {url.raw_path.decode()} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 8000000\r\n"
        head += "X-Goog-Upload-Command: upload, finalize\r\nX-Goog-Upload-Offset: 0\r\n\r\n"
        with socket.create_connection(("127.0.0.1", httpx.URL(server.url).port), timeout=30) as raw:
            raw.sendall(head.encode() + b"x" * 8_000_000)
            assert raw.recv(100).startswith(b"HTTP/1.1 500 ")


class TestConnections:
    def test_a_reset_before_anything(self, faults, generate, api) -> None:
        faults.add(reset="before", operation="generateContent", times=1)
        with pytest.raises(BROKEN):
            generate()
        assert generate().status_code == 200
        assert api.get("/_mock/faults").json()["faults"][0]["fired"] == 1

    @pytest.mark.parametrize("effect", [{"reset": "before"}, {"lose_reply": True}, {"break_upload": 5}])
    def test_what_was_never_answered_is_in_the_log(self, faults, generate, api, effect) -> None:
        faults.add(name="gone", times=1, **effect)
        with pytest.raises(BROKEN):
            generate()
        generate()
        first, second = api.get("/_mock/log").json()["requests"]
        assert (first["status"], first["fault"]) == (None, "gone")
        assert second["status"] == 200

    def test_it_is_a_reset_and_no_mere_end(self, faults, server) -> None:
        faults.add(reset="before")
        with socket.create_connection(("127.0.0.1", httpx.URL(server.url).port), timeout=10) as raw:
            raw.sendall(b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                raw.recv(100)

    @pytest.mark.parametrize("after_bytes", [0, 1, 100])
    def test_a_reset_in_the_answer(self, faults, server, after_bytes) -> None:
        faults.add(reset={"after_bytes": after_bytes}, operation="models.list", times=1)
        with (
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "any"}) as client,
            client.stream("GET", "/v1/models", headers={"accept-encoding": "identity"}) as response,
        ):
            got: list[bytes] = []
            with pytest.raises(BROKEN):
                got.extend(response.iter_raw())
        assert sum(map(len, got)) == after_bytes

    def test_an_answer_that_is_cut_off(self, faults, api) -> None:
        faults.add(cut=100, operation="models.list", times=1)
        response = api.get("/v1/models", headers={"accept-encoding": "identity"})
        assert (response.status_code, len(response.content)) == (200, 100)
        assert len(api.get("/v1/models").content) > 100

    def test_a_stream_that_is_cut_off(self, faults, generate) -> None:
        whole = generate(method="streamGenerateContent?alt=sse").content
        faults.add(cut=200, operation="streamGenerateContent")
        response = generate(method="streamGenerateContent?alt=sse")
        assert len(response.content) == 200 < len(whole)
        assert response.content.startswith(b'data: {"candidates"')

    def test_one_that_is_shorter_goes_by(self, faults, generate) -> None:
        held = faults.add(cut=1_000_000, times=1)
        assert generate().status_code == 200
        assert (held.fired, held.left) == (0, 1)

    def test_a_stall(self, faults, api, monkeypatch) -> None:
        waits: list[float] = []

        async def sleep(delay_s: float) -> None:
            waits.append(delay_s)

        faults.add(stall={"after_bytes": 100, "for_s": 600}, operation="models.list")
        monkeypatch.setattr("visionspec_mockserver.faults.happening.anyio.sleep", sleep)
        assert "models" in api.get("/v1/models").json()
        assert sum(waits) == pytest.approx(600)

    def test_a_stall_ends_with_the_client(self, faults, server) -> None:
        faults.add(stall={"for_s": 600}, operation="models.list", times=1)
        with httpx.Client(base_url=server.url, headers={"x-goog-api-key": "any"}, timeout=0.5) as client:
            with pytest.raises(httpx.ReadTimeout):
                client.get("/v1/models")
            assert client.get("/v1/models").status_code == 200

    def test_a_delay_and_what_comes_after_it(self, faults, generate, monkeypatch) -> None:
        waits: list[float] = []

        async def sleep(delay_s: float) -> None:
            waits.append(delay_s)

        monkeypatch.setattr("visionspec_mockserver.faults.happening.anyio.sleep", sleep)
        faults.add(delay_s=300)
        faults.add(delay_s=200, error=503, times=1)
        assert generate().status_code == 503
        assert generate().status_code == 200
        assert waits == [300, 200, 300]

    def test_a_delay_before_an_end(self, faults, api) -> None:
        held = faults.add(delay_s=0.01, cut=100, operation="models.list")
        response = api.get("/v1/models", headers={"accept-encoding": "identity"})
        assert (len(response.content), held.fired) == (100, 1)

    def test_a_reply_that_is_lost_after_its_effect(self, faults, api, begin) -> None:
        url = begin(b"x" * 1000)
        faults.add(lose_reply=True, operation="upload.chunk", times=1)
        with pytest.raises(BROKEN):
            api.post(url, content=b"x" * 1000, headers=sent("upload", 0))
        assert api.post(url, headers=sent("query")).headers["x-goog-upload-size-received"] == "1000"

    @pytest.mark.parametrize("at", [0, 1000, 300_000])
    def test_an_upload_that_breaks(self, faults, api, begin, at) -> None:
        data = bytes(range(256)) * 2000
        url = begin(data)
        faults.add(break_upload=at, operation="upload.chunk", times=1)
        with pytest.raises(BROKEN):
            api.post(url, content=data, headers=sent("upload, finalize", 0))
        received = int(api.post(url, headers=sent("query")).headers["x-goog-upload-size-received"])
        assert received <= at
        rest = api.post(url, content=data[received:], headers=sent("upload, finalize", received))
        assert rest.json()["file"]["sizeBytes"] == str(len(data))


class TestQuota:
    def test_a_minute_and_the_true_wait(self, faults, generate, api) -> None:
        faults.add(quota={"per_minute": 2}, operation="generateContent")
        assert [generate().status_code for _ in range(3)] == [200, 200, 429]
        api.post("/_mock/clock", json={"advance_s": 20})
        response = generate()
        assert response.status_code == 429
        details = {one["@type"].rpartition(".")[2]: one for one in response.json()["error"]["details"]}
        (violation,) = details["QuotaFailure"]["violations"]
        assert violation["quotaId"] == "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
        assert violation["quotaValue"] == "2"
        wait_s = float(details["RetryInfo"]["retryDelay"].rstrip("s"))
        assert 35 < wait_s <= 40
        api.post("/_mock/clock", json={"advance_s": wait_s - 5})
        assert generate().status_code == 429
        api.post("/_mock/clock", json={"advance_s": 5})
        assert generate().status_code == 200

    def test_a_day(self, faults, generate, api) -> None:
        faults.add(quota={"per_minute": 10, "per_day": 1})
        assert [generate().status_code for _ in range(2)] == [200, 429]
        api.post("/_mock/clock", json={"advance_s": 3600})
        error = generate().json()["error"]
        assert "PerDay" in json.dumps(error)
        assert 22 * 3600 < float(error["details"][-1]["retryDelay"].rstrip("s")) <= 23 * 3600
        api.post("/_mock/clock", json={"advance_s": 23 * 3600})
        assert generate().status_code == 200

    def test_what_it_lets_through_meets_the_next_fault(self, faults, generate) -> None:
        faults.add(quota={"per_minute": 1})
        faults.add(error=503)
        assert [generate().status_code for _ in range(2)] == [503, 429]


class TestHostile:
    @pytest.fixture
    def masks(self, faults: Any, server: MockServer, generate: Any) -> Callable[[str], str]:
        """The text of an answer with one mask, spoiled."""
        item = {"label": "cat", "polygon": [[100, 200], [300, 200], [300, 600], [100, 600]]}

        def spoil(how: str) -> str:
            server.scripts.replace([{"answer": {"items": [item], "size": [1000, 1000]}}])
            faults.add(hostile=how, times=1)
            return generate().json()["candidates"][0]["content"]["parts"][0]["text"]

        return spoil

    @pytest.mark.parametrize(
        ("how", "box"),
        [
            ("fenced", (100, 200, 300, 600)),
            ("prose", (100, 200, 300, 600)),
            ("reversed_corners", (100, 200, 300, 600)),
            ("seg_tokens", (100, 200, 300, 600)),
            ("wrong_mime", (100, 200, 300, 600)),
            ("polygon_for_png", (100, 200, 300, 600)),
            ("xy_order", (200, 100, 600, 300)),
        ],
    )
    def test_what_can_still_be_read(self, masks, how, box) -> None:
        (item,) = decode_answer(masks(how), width_px=1000, height_px=1000).items
        assert item.box == box

    def test_the_forms(self, masks) -> None:
        assert masks("fenced").startswith("```json\n[{")
        assert masks("prose").startswith("Here is what I found")
        assert json.loads(masks("reversed_corners"))[0]["box_2d"] == [600, 300, 200, 100]
        assert json.loads(masks("seg_tokens"))[0]["mask"].startswith("<start_of_mask><seg_35><seg_39>")
        assert json.loads(masks("wrong_mime"))[0]["mask"].startswith("data:image/jpeg;base64,iVBOR")
        assert json.loads(masks("polygon_for_png"))[0]["mask"] == [
            [100, 200],
            [300, 200],
            [300, 600],
            [100, 600],
        ]

    @pytest.mark.parametrize("how", ["truncated", "runaway_base64"])
    def test_what_never_ends(self, masks, how) -> None:
        text = masks(how)
        with pytest.raises(ValueError, match="Unterminated string"):
            json.loads(text)
        assert decode_answer(text, width_px=1000, height_px=1000).truncated

    def test_what_has_no_mask_waits_for_one_that_has(self, faults, server, generate) -> None:
        held = faults.add(hostile="seg_tokens", times=1)
        for text in ("no masks", '[{"box_2d": [1, 2, 3, 4], "label": "no mask"}]'):
            server.scripts.replace([{"answer": text}])
            assert generate().json()["candidates"][0]["content"]["parts"][0]["text"] == text
        assert (held.fired, held.left) == (0, 1)

    def test_in_streams_and_interactions(self, faults, server, generate, api) -> None:
        server.scripts.replace([{"answer": {"chunks": ["[1", ", 2]"]}}])
        faults.add(hostile="fenced", operation=["streamGenerateContent", "interactions.create"])
        chunks = generate(method="streamGenerateContent").json()
        text = "".join(chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks)
        assert text == "```json\n[1, 2]\n```"
        body = {"model": "gemini-3-flash-preview", "input": "x"}
        step = api.post("/v1/interactions", json=body).json()["steps"][-1]
        assert step["content"][0]["text"] == text


class TestAddress:
    def test_to_one_test(self, faults, generate) -> None:
        faults.add(error=503, test="mine")
        assert generate().status_code == 200
        assert generate(**{"x-visionspec-test": "other"}).status_code == 200
        assert generate(**{"x-visionspec-test": "mine"}).status_code == 503

    def test_skip_and_times(self, faults, generate) -> None:
        faults.add(error=503, skip=1, times=2)
        assert [generate().status_code for _ in range(4)] == [200, 503, 503, 200]

    def test_every_operation(self) -> None:
        def of(method: str, path: str, command: str = "") -> str | None:
            headers = {b"x-goog-upload-command": command.encode()} if command else {}
            return operation({"method": method, "path": path, HEADERS: headers})

        found = [
            of("POST", f"{FLASH}:generateContent"),
            of("POST", "/v1beta/tunedModels/x:streamGenerateContent"),
            of("POST", f"{FLASH}:countTokens"),
            of("GET", FLASH),
            of("GET", "/v1/models"),
            of("POST", "/v1/interactions"),
            of("GET", "/v1/interactions/v1_a"),
            of("DELETE", "/v1/interactions/v1_a"),
            of("POST", "/v1/interactions/v1_a/cancel"),
            of("POST", "/upload/v1/files", "start"),
            of("POST", "/upload/v1/files", "upload, finalize"),
            of("POST", "/upload/v1/files", "query"),
            of("POST", "/upload/v1/files", "cancel"),
            of("POST", "/upload/v1/files"),
            of("GET", "/v1/files/a"),
            of("GET", "/v1/files"),
            of("DELETE", "/v1/files/a"),
            of("GET", "/v1/files/a:download"),
            of("POST", "/v1/files:register"),
        ]
        assert tuple(found) == OPERATIONS
        assert of("GET", "/download/v1/files/a:download") == "files.download"
        assert of("GET", "/nothing") is None

    def test_the_control_plane_is_spared(self, faults, api) -> None:
        faults.add(error=503)
        assert api.get("/_mock/health").status_code == 200


class TestAccount:
    def test_which_fired_when_and_how_often(self, faults, generate, api) -> None:
        faults.add(name="busy", error=503, times=2)
        faults.add(name="never", error=500, operation="files.get")
        generate()
        state = api.get("/_mock/faults").json()
        busy, never = state["faults"]
        assert (busy["fired"], busy["left"], never["fired"], never["left"]) == (1, 1, 0, None)
        (firing,) = busy["firings"]
        assert (firing["operation"], firing["path"]) == ("generateContent", f"{FLASH}:generateContent")
        assert firing["at"][:4].isdigit()
        assert state["unfired"] == ["busy", "never"]
        with pytest.raises(Unfired, match=r"busy: 1 of 2 for \*\n  never: 0 of at least 1 for files.get"):
            faults.assert_fired()
        generate()
        api.get("/v1/files/abc")
        faults.assert_fired()

    def test_one_that_may_rest(self, faults) -> None:
        faults.add(error=503, may_rest=True)
        faults.assert_fired()

    def test_over_the_control_plane(self, faults, api, generate) -> None:
        del faults
        posted = api.post("/_mock/faults", json={"name": "busy", "error": 503, "times": 1}).json()
        assert posted["faults"][0]["fault"]["error"] == {"status": 503}
        assert generate().status_code == 503
        assert api.get("/_mock/faults/busy").json()["fired"] == 1
        again = api.put("/_mock/faults", json=[posted["faults"][0]["fault"]]).json()
        assert again["faults"][0]["fault"] == posted["faults"][0]["fault"]
        assert api.delete("/_mock/faults/busy").json() == {}
        assert api.delete("/_mock/faults/busy").status_code == 404
        api.post("/_mock/faults", json=[{"error": 503}])
        api.post("/_mock/reset")
        assert api.get("/_mock/faults").json() == {"faults": [], "unfired": []}

    @pytest.mark.parametrize(
        ("fault", "told"),
        [
            ({}, "say what happens"),
            ({"error": 503, "cut": 5}, "error and cut are two faults"),
            ({"error": 200}, "faults[0].error.status"),
            ({"eror": 503}, "did you mean 'error'"),
            ({"error": 503, "operation": "generate"}, "no operation is named 'generate'"),
            ({"hostile": "rude"}, "faults[0].hostile"),
            ({"quota": {}}, "say per_minute, per_day or both"),
            ({"delay_s": 1e9}, "faults[0].delay_s"),
            ({"reset": "after"}, "faults[0].reset"),
            ({"stall": {"for_s": 0}}, "faults[0].stall.for_s"),
        ],
    )
    def test_a_plan_that_is_none(self, faults, api, fault, told) -> None:
        with pytest.raises(InvalidScript) as caught:
            faults.add(fault)
        assert told in str(caught.value)
        response = api.post("/_mock/faults", json=fault)
        assert response.status_code == 400
        assert told in response.json()["error"]["message"]

    def test_a_foreign_page_cannot_plan(self, faults, api) -> None:
        del faults
        headers = {"origin": "https://example.com"}
        assert api.post("/_mock/faults", json={"error": 503}, headers=headers).status_code == 403

    def test_in_a_file_that_is_read_again(self, tmp_path: Path) -> None:
        path = tmp_path / "s.yaml"
        path.write_text("faults:\n- {name: busy, error: 503, operation: models.list, times: 1}\n")
        with MockServer(scripts=[path]) as server, httpx.Client(base_url=server.url) as client:
            headers = {"x-goog-api-key": "any"}
            assert [client.get("/v1/models", headers=headers).status_code for _ in range(2)] == [503, 200]
            server.faults.assert_fired()
            path.write_text(
                "faults:\n- {name: busy, error: 503, operation: models.list, times: 1}\n- {error: 500}\n"
            )
            assert client.get("/v1/models", headers=headers).status_code == 500
            assert [one["fired"] for one in client.get("/_mock/faults").json()["faults"]] == [1, 1]

    def test_given_at_the_start(self) -> None:
        with (
            MockServer(faults=[{"error": 503, "times": 1}]) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "any"}) as client,
        ):
            assert client.get("/v1/models").status_code == 503
            client.post("/_mock/reset")
            assert client.get("/v1/models").status_code == 503


def test_bytes_of_pictures_are_untouched(faults: Any, api: httpx.Client, png: str) -> None:
    """A plan for others changes nothing for this request."""
    faults.add(error=503, test="other")
    part = {"inlineData": {"mimeType": "image/png", "data": png}}
    body = {"contents": [{"parts": [part, {"text": "Caption this."}]}]}
    answer = api.post(f"{FLASH}:generateContent", json=body).json()
    assert "red rectangle" in answer["candidates"][0]["content"]["parts"][0]["text"]
    assert base64.b64decode(png)[:4] == b"\x89PNG"
