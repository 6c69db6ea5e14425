"""Takes keys out of what is shown, wherever they stand."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from visionspec_mockserver.journal.record import Record

REDACTED = "REDACTED"
_LEAST_CHARS = 6  # what is sent as a key and shorter, like "any" or "test", is a word as well
_SECRET_HEADERS = frozenset(
    ["authorization", "proxy-authorization", "x-goog-api-key", "x-api-key", "api-key", "cookie", "set-cookie"]
)
_SECRET_QUERY = frozenset(["key", "$key", "api_key", "apikey", "access_token", "oauth_token"])
_SECRET_MEMBERS = frozenset(
    ["apikey", "xgoogapikey", "accesstoken", "authorization", "clientsecret", "password"]
)
_NOT_A_LETTER = re.compile(r"[^a-z]")
# What keys of Google look like: of the API, of its newer kind, and OAuth's tokens.
_FORMS = (r"AIza[\w-]{35}", r"AQ\.[\w-]{30,}", r"ya29\.[\w.-]{10,}")
_BEGUN = re.compile(r"(?:AIza[\w-]{0,34}|AQ\.[\w-]*|ya29\.[\w.-]*)\Z")


class Redaction:
    """What is hidden in one entry: the keys of the server, those that came with the request, and their like."""

    def __init__(self, record: Record, keys: Iterable[str]) -> None:
        self._keys = frozenset({*keys, *(key for key in _sent(record) if len(key) >= _LEAST_CHARS)} - {""})
        self._pattern = _pattern(self._keys)

    def text(self, text: str, *, whole: bool = True) -> str:
        """``text`` without keys; where its end is missing, without the beginning of one there."""
        text = self._pattern.sub(REDACTED, text)
        if whole:
            return text
        begun = max((_overlap(text, key) for key in self._keys), default=0)
        return _BEGUN.sub(REDACTED, text[:-begun] + REDACTED if begun else text)

    def json(self, value: Any) -> Any:
        """JSON values without keys, in names and in what has the name of one."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(one) for one in value]
        if isinstance(value, dict):
            return {
                self.text(name): REDACTED
                if isinstance(one, str) and _NOT_A_LETTER.sub("", name.lower()) in _SECRET_MEMBERS
                else self.json(one)
                for name, one in value.items()
            }
        return value

    def headers(self, fields: Iterable[tuple[str, str]]) -> list[list[str]]:
        """Header fields as pairs."""
        found = []
        for name, value in fields:
            told = value
            if name.lower() in _SECRET_HEADERS:
                scheme, space, _ = value.partition(" ")
                told = f"{scheme} {REDACTED}" if space and name.lower() == "authorization" else REDACTED
            found.append([self.text(name), self.text(told)])
        return found

    def query(self, query: bytes) -> str:
        """A query string."""
        pairs = [
            (self.text(name), REDACTED if name.lower() in _SECRET_QUERY else self.text(value))
            for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        ]
        return urlencode(pairs, quote_via=quote, safe="/:,")


def _sent(record: Record) -> Iterable[str]:
    """The keys that came with a request."""
    for name, value in record.headers:
        if name.lower() in _SECRET_HEADERS:
            yield value.strip()
            if name.lower() == "authorization":
                yield value.partition(" ")[2].strip()
    if b"=" in record.query:
        for name, told in parse_qsl(record.query.decode("latin-1")):
            if name.lower() in _SECRET_QUERY:
                yield told


@functools.lru_cache(maxsize=64)
def _pattern(keys: frozenset[str]) -> re.Pattern[str]:
    known = sorted({*keys, *(quote(key, safe="") for key in keys)}, key=lambda key: (-len(key), key))
    return re.compile("|".join([*map(re.escape, known), *_FORMS]))


def _overlap(text: str, key: str) -> int:
    """How much of the beginning of ``key`` ends ``text``; two characters may be chance."""
    lengths = range(min(len(key) - 1, len(text)), 2, -1)
    return next((length for length in lengths if text.endswith(key[:length])), 0)
