"""Where the client talks to and how patient it is."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from visionspec.errors import InvalidInput, show

BASE_URL = "https://generativelanguage.googleapis.com"
MAX_RESPONSE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """``api_key`` goes to ``base_url`` and nowhere else: into no repr, log or error, to no upload URL."""

    base_url: str
    api_key: str | None = field(repr=False)
    api_version: str
    timeout_s: float
    retries: int
    max_wait_s: float
    max_response_bytes: int

    def url(self, path: str, **query: str | int | None) -> str:
        """The URL of ``path`` below the API version, with what is set of ``query``."""
        return f"{self.base_url}/{self.api_version}/{path}" + _query(query)

    def upload_url(self) -> str:
        """The URL at which an upload starts."""
        return f"{self.base_url}/upload/{self.api_version}/files"

    def headers(self) -> dict[str, str]:
        """The headers of a request to the API itself."""
        return {"x-goog-api-key": self.api_key} if self.api_key else {}


def settings(
    base_url: str | None,
    api_key: str | None,
    *,
    api_version: str,
    timeout_s: float,
    retries: int,
    max_wait_s: float,
    max_response_bytes: int,
) -> Settings:
    """Arguments, completed from the environment by the rules of the official SDKs.

    Raises:
        InvalidInput: if the URL is none, or the real service is meant and there is no key for it.
    """
    base_url = (base_url or os.environ.get("GOOGLE_GEMINI_BASE_URL") or BASE_URL).rstrip("/")
    api_key = api_key or os.environ.get("GOOGLE_API_KEY") or os.environ.get("GEMINI_API_KEY") or None
    try:
        parts = urlsplit(base_url)
        usable = (
            parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        )
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInput(f"base_url is no http(s) URL: {show(base_url)}", given=base_url)
    if api_key and not re.fullmatch(r"[!-~]+", api_key):
        # An HTTP library would show it in its error.
        raise InvalidInput("api_key has a space, a line end or another character that no key has")
    if api_key is None and base_url == BASE_URL:
        raise InvalidInput("no api_key given, nor GEMINI_API_KEY or GOOGLE_API_KEY set")
    return Settings(base_url, api_key, api_version, timeout_s, retries, max_wait_s, max_response_bytes)


def _query(query: dict[str, str | int | None]) -> str:
    pairs = [f"{name}={quote(str(value), safe='')}" for name, value in query.items() if value is not None]
    return "?" + "&".join(pairs) if pairs else ""
