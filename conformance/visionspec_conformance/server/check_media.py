"""Which images are taken: by declared type, by content."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from visionspec import spec
from visionspec_conformance.judge import broken
from visionspec_conformance.server import talk
from visionspec_conformance.strategies import MIME_TYPES, make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from visionspec_conformance.target import Target


def asked() -> list[spec.Case]:
    """The vectors that a server can be asked: null declares nothing."""
    return [
        case for case in spec.vectors()["check_declared"].cases if isinstance(case.input["mime_type"], str)
    ]


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.id, marks=pytest.mark.rule(case.rule)) for case in asked()]
)
def test_a_declared_type_is_taken_or_refused(
    target: Target, note: Callable[[str], None], case: spec.Case
) -> None:
    declared = case.input["mime_type"]
    kind = case.expected if case.expected in MIME_TYPES else "image/png"
    data = base64.b64encode(make_picture(kind, 16, 12).data).decode("ascii")
    part = {"inlineData": {"mimeType": declared, "data": data}}
    reply = talk.count(target, talk.contents(part, {"text": "hi"}))
    taken = reply.status == 200
    if not taken and reply.status != 400:
        broken("200 or 400", f"{reply.status} {reply.text[:300]}")
    if taken != (case.result != "invalid"):
        said = f"{reply.status} for an image declared as {declared!r}"
        if case.result == "acceptable":
            note(f"another reading than the chosen one: {said}")
        else:
            broken("400" if taken else "200", said)
