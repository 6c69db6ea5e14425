"""All findings of one server, worked out when somebody asks for them: a server that nobody asks stays fast."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pydantic_core

from visionspec.errors import InvalidInput
from visionspec.rules.advice import Finding, lint_image, lint_request
from visionspec.rules.requests import member
from visionspec_mockserver.journal.short import refilled
from visionspec_mockserver.verdict.watching import Inline, Retries, Uploads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from visionspec.rules.advice import Level
    from visionspec_mockserver.journal.images import Images
    from visionspec_mockserver.journal.keeping import Journal
    from visionspec_mockserver.journal.record import Record
    from visionspec_mockserver.settings import Basis

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
_KEPT = 10_000
_KEPT_IMAGES = 500
_SHOWN = 3
_PADDING = 2


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
    """What there is to say about the requests that are in a log. Safe to use from any thread.

    Nothing is looked into before somebody asks; a body that the log has let go of by then never is.
    """

    def __init__(self, journal: Journal, *, basis: Basis | None = None) -> None:
        self._journal = journal
        self._basis: Basis | None = basis
        self._state = _State()

    def keep_up(self) -> None:
        """Look into every request, in a thread and before its body is let go of."""
        self._journal.reader = self.findings

    def findings(self) -> list[Judged]:
        """All findings about the requests until now, those about the first request first."""
        state = self._state
        with state.lock:
            for record in self._journal.unread():
                state.found.extend(
                    Judged(record.n, record.method, record.path, finding)
                    for finding in _distinct(state.judge(record, self._journal, self._basis))
                )
            return list(state.found)

    @property
    def missed(self) -> int:
        """How many requests could not be looked into, or not into their bodies."""
        return self._journal.missed + self._state.missed

    def clear(self) -> None:
        """Forget all requests."""
        self._state = _State()


@dataclass
class _State:
    """What one generation of requests, from reset to reset, is judged by."""

    found: deque[Judged] = field(default_factory=lambda: deque(maxlen=_KEPT))
    lock: threading.Lock = field(default_factory=threading.Lock)
    retries: Retries = field(default_factory=Retries)
    uploads: Uploads = field(default_factory=Uploads)
    inline: Inline = field(default_factory=Inline)
    images: OrderedDict[object, list[Finding]] = field(default_factory=OrderedDict)
    missed: int = 0

    def judge(self, record: Record, journal: Journal, basis: Basis | None) -> Iterator[Finding]:
        if record.operation in _ASKS:
            yield from self._asked(record, journal, basis)
        noticed = [*self.retries.saw(record), *self.uploads.saw(record)]
        if record.refused is not None and record.refused[0] in LEVELS:
            noticed.append((*record.refused, "request"))
        for rule, message, where in noticed:
            yield Finding(rule, LEVELS[rule], message, where)

    def _asked(self, record: Record, journal: Journal, basis: Basis | None) -> Iterator[Finding]:
        body = record.body
        if body is None and record.let_go:
            body = _again(record, journal.images)
            self.missed += body is None and record.short is not None
        if body is None:
            return
        body = member(body, "generate_content_request") or body
        model = record.path.rpartition("/")[2].partition(":")[0] if ":" in record.path else None
        try:
            yield from lint_request(
                body, model=model, basis=basis, size_bytes=record.asked_bytes, look=self._look
            )
            for rule, message, where in self.inline.saw(record, body):
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


def _again(record: Record, images: Images) -> Any:
    """A body that was let go of, if all that it was made of is still there."""
    rest = iter(record.images)

    def data(chars: int) -> str:
        for one in rest:
            if 0 <= -(-one["size_bytes"] // 3) * 4 - chars <= _PADDING:
                found = images.original(one["sha256"])
                if found is not None:
                    return base64.b64encode(found).decode()
                break
        raise LookupError

    try:
        return refilled(pydantic_core.from_json(record.short or record.asked), data)
    except (ValueError, LookupError):  # the end is missing, it is JSON for people, or an image is gone
        return None


def _distinct(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The first finding of each rule in each place; a refusal says again what was found in the request."""
    rules: set[str] = set()
    for one in findings:
        if one.where == "request" and one.rule in rules:
            continue
        rules.add(one.rule)
        yield one
