"""A record as it is shown, and which records are meant."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from visionspec_mockserver.faults.operations import TEST_HEADER
from visionspec_mockserver.journal.bodies import answered, asked
from visionspec_mockserver.journal.redaction import Redaction
from visionspec_mockserver.scripts.expressions import globbed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from visionspec.rules.advice import Finding
    from visionspec_mockserver.journal.bodies import Body
    from visionspec_mockserver.journal.record import Record

Entry = dict[str, Any]

_MAX_PATH_CHARS = 400


def entry(
    record: Record, *, keys: Iterable[str] = (), findings: Iterable[Finding] = (), bodies: bool = False
) -> Entry:
    """What is shown of a record: JSON values, without the keys of the server and of the request."""
    hidden = Redaction(record, keys)
    made: Entry = {
        "n": record.n,
        "at": datetime.fromtimestamp(record.at_s, UTC).isoformat(timespec="milliseconds"),
        "operation": record.operation,
        "method": record.method,
        "path": hidden.text(record.path[:_MAX_PATH_CHARS], whole=len(record.path) <= _MAX_PATH_CHARS),
        **({"query": hidden.query(record.query)} if record.query else {}),
        "status": record.status,
        "ms": _ms(record.began_s),
        "total_ms": _ms(record.took_s),
        "request_bytes": record.asked_bytes,
        "response_bytes": record.answered_bytes,
        **_told(record, hidden),
        "findings": [hidden.json(asdict(one)) for one in findings],
    }
    if bodies:
        made["request"] = {"headers": hidden.headers(record.headers), **_body(asked(record), hidden)}
        made["response"] = {
            "headers": hidden.headers(record.answer_headers),
            **_body(answered(record), hidden),
        }
    return made


def _told(record: Record, hidden: Redaction) -> Entry:
    found = dict(record.facts)
    if "images" in found:
        found["images"] = record.images
    test = next((value for name, value in record.headers if name == TEST_HEADER.decode()), None)
    if test is not None:
        found["test"] = test
    told: Entry = hidden.json(found)
    return told


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)


def _body(body: Body, hidden: Redaction) -> Entry:
    value = hidden.json(body.value) if body.kind == "json" else body.value
    if isinstance(body.value, str):
        value = hidden.text(body.value, whole=body.whole)
    return {"kind": body.kind, "body": value, "whole": body.whole}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries are meant; what is None is not asked about.

    Attributes:
        operation: its name; ``*`` stands for any characters, a comma for "or".
        model: its name, likewise.
        status: ``404``, ``4xx``, ``none`` for no answer, a comma for "or".
        test: the value of the header ``x-visionspec-test``.
        script: the name of the script that answered.
        fault: the name of the fault that happened.
        text: stands somewhere in the entry, bodies included, in whatever case.
        findings: whether there is a finding, or not.
    """

    operation: str | None = None
    model: str | None = None
    status: str | None = None
    test: str | None = None
    script: str | None = None
    fault: str | None = None
    text: str | None = None
    findings: bool | None = None

    def __call__(self, found: Entry) -> bool:
        """Whether this one is."""
        exact = all(
            wanted is None or found.get(name) == wanted
            for name, wanted in (("test", self.test), ("script", self.script), ("fault", self.fault))
        )
        return (
            exact
            and _any_glob(self.operation, found["operation"] or "")
            and _any_glob(self.model, found.get("model") or "")
            and _any_glob(self.status and self.status.lower().replace("x", "?"), _status(found))
            and (self.findings is None or bool(found["findings"]) is self.findings)
        )

    def says(self, found: Entry) -> bool:
        """Whether the text stands in this one, whose bodies are there."""
        if self.text is None:
            return True
        wanted = json.dumps(self.text, ensure_ascii=False)[1:-1].casefold()
        return wanted in json.dumps(found, ensure_ascii=False).casefold()


def _status(found: Entry) -> str:
    return "none" if found["status"] is None else str(found["status"])


def _any_glob(globs: str | None, text: str) -> bool:
    return globs is None or any(globbed(one.strip(), text) for one in globs.split(","))
