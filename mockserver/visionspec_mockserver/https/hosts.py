"""Which hosts are ours, and what is behind an URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from visionspec_mockserver.core import Mock

API_HOST = "generativelanguage.googleapis.com"
HTTPS_PORT = 443
_KEPT = "%/:@!$&'()*+,;=~?"


class Host(NamedTuple):
    """A name as it stands in a certificate, and a port."""

    name: str
    port: int


def ours(urls: Iterable[str]) -> list[Host]:
    """The service's own host, then those of ``urls`` that begin with ``https://``."""
    found = [Host(API_HOST, HTTPS_PORT)]
    for url in urls:
        scheme, host, _ = _parts(url)
        if scheme == "https" and host.name and host not in found:
            found.append(host)
    return found


def behind(mock: Mock, url: str) -> Path | bytes | None:
    """What is mapped to ``url``, however the two are spelled."""
    wanted = _parts(url)
    return next((mapped for known, mapped in mock.urls.items() if _parts(known) == wanted), None)


def _parts(url: str) -> tuple[str, Host, str]:
    parts = urlsplit(url)
    try:
        host = Host((parts.hostname or "").encode("idna").decode(), parts.port or HTTPS_PORT)
    except ValueError:  # neither a name nor a port: no request can be for it
        host = Host("", 0)
    path = parts.path or "/"
    return parts.scheme, host, quote(f"{path}?{parts.query}" if parts.query else path, safe=_KEPT)
