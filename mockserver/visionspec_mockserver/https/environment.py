"""The environment, and the files it names, by which programs find our hosts."""

from __future__ import annotations

import json
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import certifi

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from visionspec_mockserver.https.hosts import Host

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

# Each holds all that its programs trust: Python and Go; requests and pip; curl; httplib2.
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPLIB2_CA_CERTS")

# Where a system keeps the authorities that it trusts: Debian, Fedora, macOS.
_SYSTEM = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")

# The order in which curl looks for its file.
_CURLRC = (
    ("CURL_HOME", ".curlrc"),
    ("XDG_CONFIG_HOME", "curlrc"),
    ("HOME", ".curlrc"),
    ("HOME", ".config/curlrc"),
)

# undici and https both ask tls.connect; the name that is verified stays what it was.
_NODE = Template("""\
// Made by visionspec run: leads a node that does not know HTTPS_PROXY to the mock server.
"use strict";
const tls = require("node:tls");
const ours = new Set($hosts);
const connect = tls.connect;
if (!process.allowedNodeEnvironmentFlags.has("--use-env-proxy")) {
  tls.connect = function (options, ...more) {
    const name = options && options.host && options.host + ":" + (options.port || 443);
    return ours.has(name)
      ? connect.call(this, { servername: options.host, ...options, host: "$host", port: $port }, ...more)
      : connect.call(this, options, ...more);
  };
}
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What leads to our hosts, and a directory for the files that say so."""

    directory: Path
    authority_pem: bytes
    proxy_url: str
    tls: Host
    hosts: Iterable[Host]


def changes(before: Mapping[str, str], way: Way) -> dict[str, str]:
    """What has to be set in the environment ``before``. Nothing that a user set is lost, but added to."""
    bundle = _write(way, "trusted.pem", _trusted(before) + way.authority_pem)
    more = _read(before.get("NODE_EXTRA_CA_CERTS"))
    no_proxy = _no_proxy(before, way)
    _write(way, ".curlrc", _curlrc(before, way, bundle, no_proxy))
    shim = _write(way, "node.cjs", _NODE.substitute(_node(way)).encode())
    return {
        "HTTPS_PROXY": way.proxy_url,
        "https_proxy": way.proxy_url,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        **dict.fromkeys(_BUNDLES, bundle),
        "CURL_HOME": str(way.directory),
        "WGETRC": _write(way, "wgetrc", _wgetrc(before, way, bundle, no_proxy)),
        "PHP_INI_SCAN_DIR": _php(before, way, bundle),
        "NODE_EXTRA_CA_CERTS": _write(way, "node.pem", more + way.authority_pem),
        "NODE_USE_ENV_PROXY": "1",
        "NODE_OPTIONS": f'{before.get("NODE_OPTIONS", "")} --require "{shim}"'.strip(),
    }


def _trusted(before: Mapping[str, str]) -> bytes:
    """All that any of the programs trusts already: what the user named, or else what the system and Python do."""
    named = dict.fromkeys(before[name] for name in _BUNDLES if before.get(name))
    found = b"".join(_read(path) for path in named)
    if not found:
        system = (ssl.get_default_verify_paths().cafile, *_SYSTEM)
        found = next((data for data in map(_read, system) if data), b"") + _read(certifi.where())
    return found


def _no_proxy(before: Mapping[str, str], way: Way) -> str:
    """Loopback and what the user excepts, unless our hosts are meant by it."""
    names = [host.name for host in way.hosts]
    kept: list[str] = [*_LOOPBACK]
    for entry in before.get("no_proxy", before.get("NO_PROXY", "")).replace(",", " ").split():
        bare = entry.lower().removeprefix("*").lstrip(".").partition(":")[0]
        meant = not bare or any(f".{name}".endswith(f".{bare}") for name in names)
        if not meant and entry not in kept:
            kept.append(entry)
    return ",".join(kept)


def _curlrc(before: Mapping[str, str], way: Way, bundle: str, no_proxy: str) -> bytes:
    """Ours around the user's: of ``connect-to`` curl takes the first, of everything else the last."""
    places = (Path(before[name], file) for name, file in _CURLRC if before.get(name))
    users = next((place for place in places if place.is_file()), None)
    names = ",".join(host.name for host in way.hosts)
    ours_first = [
        f'connect-to = "{host.name}:{host.port}:{way.tls.name}:{way.tls.port}"' for host in way.hosts
    ]
    ours_last = [f'noproxy = "{no_proxy},{names}"', f'cacert = "{bundle}"', "ipv4"]
    return b"\n".join([*_lines(ours_first), _read(users), *_lines(ours_last), b""])


def _wgetrc(before: Mapping[str, str], way: Way, bundle: str, no_proxy: str) -> bytes:
    users = before.get("WGETRC") or (Path(before["HOME"], ".wgetrc") if before.get("HOME") else None)
    ours_last = ["use_proxy = on", f"https_proxy = {way.proxy_url}", f"no_proxy = {no_proxy}"]
    return b"\n".join([_read(users), *_lines(ours_last), *_lines([f"ca_certificate = {bundle}", ""])])


def _php(before: Mapping[str, str], way: Way, bundle: str) -> str:
    """Where PHP looks for files of settings: the user's places, or its own (that is what nothing means); ours."""
    _write(way, "php.ini", f'curl.cainfo = "{bundle}"\nopenssl.cafile = "{bundle}"\n'.encode())
    return f"{before.get('PHP_INI_SCAN_DIR', '')}{os.pathsep}{way.directory}"


def _node(way: Way) -> dict[str, str]:
    names = json.dumps([f"{host.name}:{host.port}" for host in way.hosts])
    return {"hosts": names, "host": way.tls.name, "port": str(way.tls.port)}


def _lines(lines: Iterable[str]) -> list[bytes]:
    return [line.encode() for line in lines]


def _read(path: str | Path | None) -> bytes:
    """A file of the user's with a line break at its end; nothing where it cannot be read."""
    try:
        return Path(path).read_bytes() + b"\n" if path else b""
    except OSError:
        return b""


def _write(way: Way, name: str, data: bytes) -> str:
    path = way.directory / name
    path.write_bytes(data)
    return str(path)
