"""The log as an HTTP archive (HAR 1.2), which browsers and proxies read."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visionspec_mockserver.journal.entries import Entry

_OURS = ("n", "operation", "model", "images", "tokens", "test", "script", "fault", "warnings", "findings")
_UNKNOWN = -1  # what the format has for sizes that nobody measured


def archive(entries: Sequence[Entry], *, version: str, url: str) -> dict[str, Any]:
    """``entries``, bodies included; ``url`` is the server's. What the format has no word for is under ``_NAME``."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "visionspec", "version": version},
            "entries": [_entry(one, url) for one in entries],
        }
    }


def _entry(one: Entry, url: str) -> dict[str, Any]:
    began_ms = one["ms"] or 0
    took_ms = max(one["total_ms"] or 0, began_ms)
    return {
        "startedDateTime": one["at"],
        "time": took_ms,
        "request": _request(one, url),
        "response": _response(one),
        "cache": {},
        "timings": {"send": 0, "wait": began_ms, "receive": round(took_ms - began_ms, 2)},
        **{f"_{name}": one[name] for name in _OURS if one.get(name) is not None},
    }


def _request(one: Entry, url: str) -> dict[str, Any]:
    headers = one["request"]["headers"]
    host = next((value for name, value in headers if name == "host"), url.partition("://")[2])
    query = one.get("query", "")
    text = _text(one["request"])
    posted = {"postData": {"mimeType": _content_type(headers), "text": text}} if text else {}
    return {
        "method": one["method"],
        "url": f"{url.partition('://')[0]}://{host}{one['path']}{'?' if query else ''}{query}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(headers),
        "queryString": _named(parse_qsl(query, keep_blank_values=True)),
        "headersSize": _UNKNOWN,
        "bodySize": one["request_bytes"],
        **posted,
    }


def _response(one: Entry) -> dict[str, Any]:
    headers, status = one["response"]["headers"], one["status"] or 0
    text = _text(one["response"])
    return {
        "status": status,
        "statusText": HTTPStatus(status).phrase if status in set(HTTPStatus) else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(headers),
        "content": {"size": len(text.encode()), "mimeType": _content_type(headers), "text": text},
        "redirectURL": next((value for name, value in headers if name.lower() == "location"), ""),
        "headersSize": _UNKNOWN,
        "bodySize": one["response_bytes"],
    }


def _text(body: dict[str, Any]) -> str:
    if body["kind"] == "json":
        return json.dumps(body["body"], ensure_ascii=False)
    return body["body"] or ""


def _content_type(headers: Sequence[Sequence[str]]) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _named(pairs: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
