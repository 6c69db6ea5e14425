"""Pages in a browser, whose rules about other origins a client elsewhere does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

PAGE = {"Origin": "http://localhost:5173"}
START = {"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start"}


def test_a_page_asks_first(api: httpx.Client) -> None:
    """With what the JavaScript SDK sends in a page, and without a key: a browser keeps it to the request itself."""
    headers = {
        **PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-goog-api-client,x-goog-api-key",
    }
    answer = api.options("/v1beta/models/gemini-2.5-flash:generateContent", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type,x-goog-api-client,x-goog-api-key"


def test_a_page_sees_the_answer_and_its_headers(api: httpx.Client) -> None:
    answer = api.post("/upload/v1/files", headers={**PAGE, **START})
    assert answer.headers["X-Goog-Upload-URL"]
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    assert answer.headers["Access-Control-Expose-Headers"] == "*"


def test_a_page_sees_errors(api: httpx.Client) -> None:
    answer = api.get("/v1/models/nothing", headers=PAGE)
    assert answer.status_code == 404
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]


def test_nobody_else_hears_of_it(api: httpx.Client) -> None:
    assert not [name for name in api.get("/v1/models").headers if name.startswith("access-control")]


def test_a_page_from_elsewhere_sees_nothing(api: httpx.Client) -> None:
    """Any page may ask a server on loopback; what lies in its store is none of its business."""
    for origin in ("https://example.com", "http://localhost.example.com", "https://example.com:8000", "null"):
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        assert "access-control-allow-origin" not in api.get("/v1/files", headers=headers).headers
        assert api.options("/v1/files", headers=headers).status_code == 400
