"""The control plane, and the log that it shows."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

GENERATE = "/v1/models/gemini-2.5-flash:generateContent"


def test_health_needs_no_key(api: httpx.Client) -> None:
    assert api.get("/_mock/health", headers={"x-goog-api-key": ""}).json() == {"status": "ok"}


class TestGuard:
    PATHS = ("health", "log", "clock", "urls")

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("host", ["example.com", "example.com:80", "127.0.0.1.example.com", ""])
    def test_a_foreign_host(self, api: httpx.Client, path: str, host: str) -> None:
        # a page may give its own name this machine's address
        assert api.get(f"/_mock/{path}", headers={"host": host}).status_code in (400, 403)

    @pytest.mark.parametrize("origin", ["https://example.com", "null", "http://localhost.example.com"])
    def test_a_foreign_origin(self, api: httpx.Client, origin: str) -> None:
        assert api.post("/_mock/reset", headers={"origin": origin}).status_code == 403

    @pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:80", "127.1.2.3"])
    def test_our_own_names(self, api: httpx.Client, host: str) -> None:
        assert api.get("/_mock/health", headers={"host": host}).status_code == 200
        assert api.get("/_mock/health", headers={"origin": f"http://{host}"}).status_code == 200


class TestLog:
    def test_what_was_asked_and_what_it_cost(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        data = draw()
        part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(data).decode()}}
        api.post(GENERATE, json={"contents": [{"parts": [part]}]})
        api.get("/v1/nothing")
        log = api.get("/_mock/log").json()
        assert log["dropped"] == 0
        first, second = log["requests"]
        assert (first["n"], first["method"], first["path"], first["status"]) == (1, "POST", GENERATE, 200)
        assert first["ms"] > 0
        assert first["model"] == "gemini-2.5-flash"
        assert first["images"] == [
            {
                "sha256": hashlib.sha256(data).hexdigest(),
                "mime_type": "image/png",
                "size_bytes": len(data),
                "width_px": 960,
                "height_px": 540,
                "tokens": 1548,
                "rule": "tokens.tile-count",
            }
        ]
        assert (second["n"], second["status"]) == (2, 404)

    def test_the_size_is_the_displayed_one(self, api: httpx.Client) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # EXIF: orientation, turned by 90 degrees
        out = io.BytesIO()
        Image.new("RGB", (400, 200), "white").save(out, "JPEG", exif=exif)
        data = base64.b64encode(out.getvalue()).decode()
        part = {"inlineData": {"mimeType": "image/jpeg", "data": data}}
        api.post("/v1/models/gemini-2.5-flash:countTokens", json={"contents": [{"parts": [part]}]})
        (entry,) = api.get("/_mock/log").json()["requests"]
        assert (entry["images"][0]["width_px"], entry["images"][0]["height_px"]) == (200, 400)

    def test_reset_empties_it(self, api: httpx.Client) -> None:
        api.get("/v1/models")
        api.post("/_mock/reset")
        assert api.get("/_mock/log").json() == {"requests": [], "dropped": 0, "missed": 0, "more": False}


class TestClock:
    def test_it_goes_forward(self, api: httpx.Client) -> None:
        before = api.get("/_mock/clock").json()["now"]
        after = api.post("/_mock/clock", json={"advance_s": 7200}).json()["now"]
        assert after[:10] >= before[:10]
        assert after > before
        assert api.get("/_mock/clock").json()["now"] >= after

    @pytest.mark.parametrize("body", [{}, {"advance_s": -1}, {"advance_s": "x"}, {"advance_s": 1e99}, []])
    def test_never_back(self, api: httpx.Client, body: object) -> None:
        assert api.post("/_mock/clock", json=body).status_code == 400


class TestUrls:
    @pytest.mark.parametrize(
        "body", [[], {"https://example.com/a.png": 5}, {"ftp://x/a.png": ""}, {"https://x/a.png": "!"}]
    )
    def test_a_map_that_is_none(self, api: httpx.Client, body: object) -> None:
        assert api.put("/_mock/urls", json=body).status_code == 400

    def test_it_is_replaced_as_a_whole(self, api: httpx.Client) -> None:
        api.put("/_mock/urls", json={"https://example.com/a.png": "YQ=="})
        assert api.put("/_mock/urls", json={"https://example.com/b.png": "YQ=="}).json() == {
            "urls": ["https://example.com/b.png"]
        }
        assert api.get("/_mock/urls").json() == {"urls": ["https://example.com/b.png"]}
