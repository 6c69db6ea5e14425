"""All findings of one server, worked out when somebody asks for them: a server that nobody asks stays fast."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from visionspec.errors import InvalidInput
from visionspec.rules.advice import Finding, lint_image, lint_request
from visionspec.rules.requests import member
from visionspec_mockserver.verdict.watching import Inline, Retries, Uploads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from visionspec.rules.advice import Level
    from visionspec_mockserver.settings import Basis
    from visionspec_mockserver.verdict.seen import Seen

# Of the rules that a finding can name beside those of `visionspec.rules.advice`.
LEVELS: Mapping[str, Level] = {
    "advice.files-api": "SHOULD",
    "advice.upload-once": "SHOULD",
    "errors.back-off": "SHOULD",
    "files.not-active": "MUST",
    "limits.inline-request": "MUST",
    "media.declared-type": "MUST",
    "upload.client-asks": "MAY",
    "upload.client-offsets": "MUST",
}
ORDER: tuple[Level, ...] = ("MUST", "SHOULD", "MAY")

_ASKS = {"generateContent", "streamGenerateContent", "countTokens", "interactions.create"}
_SEEN_BYTES = 1000  # without a body, about
_WAITING_BYTES = 16 * 1024 * 1024
_KEPT = 10_000
_KEPT_IMAGES = 500
_SHOWN = 3


class Judged(NamedTuple):
    """A finding and the request that it is about."""

    n: int
    method: str
    path: str
    finding: Finding


def at_least(level: Level, findings: list[Judged]) -> list[Judged]:
    """Those of this level, and of the stronger ones."""
    return [one for one in findings if ORDER.index(one.finding.level) <= ORDER.index(level)]


def summary(findings: list[Judged]) -> list[str]:
    """Lines for people: what was said most strongly first, each once, with the requests that it was said of."""
    said: dict[tuple[Level, str, str], list[Judged]] = {}
    for one in findings:
        said.setdefault((one.finding.level, one.finding.rule, one.finding.message), []).append(one)
    lines = []
    for (level, rule, message), ones in sorted(said.items(), key=lambda item: ORDER.index(item[0][0])):
        lines.append(f"{level} {rule}: {message}")
        lines += [f"  request {one.n}, {one.method} {one.path}: {one.finding.where}" for one in ones[:_SHOWN]]
        if len(ones) > _SHOWN:
            lines.append(f"  and {len(ones) - _SHOWN} more")
    return lines


class Verdict:
    """What there is to say about the requests that a server saw. Safe to use from any thread."""

    def __init__(self, *, basis: Basis | None = None) -> None:
        self._basis: Basis | None = basis
        self._state = _State()

    def saw(self, seen: Seen) -> None:
        """A request has ended; it is looked into later."""
        state = self._state
        state.waiting.append(seen)
        state.waiting_bytes += _held_bytes(seen)
        if state.waiting_bytes > _WAITING_BYTES and not state.lock.locked():
            threading.Thread(
                target=self._settle, args=(state,), name="visionspec-verdict", daemon=True
            ).start()

    def findings(self) -> list[Judged]:
        """All findings about the requests until now, those about the first request first."""
        state = self._state
        self._settle(state)
        return list(state.found)

    def clear(self) -> None:
        """Forget all requests."""
        self._state = _State()

    def _settle(self, state: _State) -> None:
        with state.lock:
            while state.waiting:
                seen = state.waiting.popleft()
                state.found.extend(
                    Judged(seen.n, seen.method, seen.path, finding)
                    for finding in _distinct(state.judge(seen, self._basis))
                )
                state.waiting_bytes -= _held_bytes(seen)


@dataclass
class _State:
    """What one generation of requests, from reset to reset, is judged by."""

    waiting: deque[Seen] = field(default_factory=deque)
    waiting_bytes: int = 0
    found: deque[Judged] = field(default_factory=lambda: deque(maxlen=_KEPT))
    lock: threading.Lock = field(default_factory=threading.Lock)
    retries: Retries = field(default_factory=Retries)
    uploads: Uploads = field(default_factory=Uploads)
    inline: Inline = field(default_factory=Inline)
    images: OrderedDict[object, list[Finding]] = field(default_factory=OrderedDict)

    def judge(self, seen: Seen, basis: Basis | None) -> Iterator[Finding]:
        if seen.body is not None and seen.operation in _ASKS:
            yield from self._asked(seen, basis)
        noticed = [*self.retries.saw(seen), *self.uploads.saw(seen)]
        if seen.refused is not None and seen.refused[0] in LEVELS:
            noticed.append((*seen.refused, "request"))
        for rule, message, where in noticed:
            yield Finding(rule, LEVELS[rule], message, where)

    def _asked(self, seen: Seen, basis: Basis | None) -> Iterator[Finding]:
        body = member(seen.body, "generate_content_request") or seen.body
        model = seen.path.rpartition("/")[2].partition(":")[0] if ":" in seen.path else None
        try:
            yield from lint_request(
                body, model=model, basis=basis, size_bytes=seen.size_bytes, look=self._look
            )
            for rule, message, where in self.inline.saw(seen, body):
                yield Finding(rule, LEVELS[rule], message, where)
        except InvalidInput:  # no request at all: the server has said so
            return

    def _look(self, data: bytes, *, where: str, **how: Any) -> list[Finding]:
        key = (hashlib.sha256(data).digest(), *how.items())
        found = self.images.get(key)
        if found is None:
            found = lint_image(data, **how)
            self.images[key] = found
            if len(self.images) > _KEPT_IMAGES:
                self.images.popitem(last=False)
        return [replace(one, where=where) for one in found]


def _held_bytes(seen: Seen) -> int:
    return _SEEN_BYTES + (seen.size_bytes if seen.body is not None else 0)


def _distinct(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The first finding of each rule in each place; a refusal says again what was found in the request."""
    rules: set[str] = set()
    for one in findings:
        if one.where == "request" and one.rule in rules:
            continue
        rules.add(one.rule)
        yield one
