"""Any JSON at the control plane, and any answer that it lets in: an answer or an error of ours, never a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visionspec_mockserver.faults.models import At, Fault, Quota, Stall
from visionspec_mockserver.faults.models import Problem as Error
from visionspec_mockserver.scripts.models import Answer, ImageMatch, Item, Script, ScriptFile, When

if TYPE_CHECKING:
    import httpx

MODELS = (ScriptFile, Script, When, Answer, Item, ImageMatch, Fault, At, Stall, Quota, Error)
NAMES = sorted({field.alias or name for model in MODELS for name, field in model.model_fields.items()})
SLOW = {"delay_s", "chunk_delay_s", "stall"}

words = st.sampled_from([*NAMES, "generateContent", "SAFETY", "before", "*", "a", "(", "../a.png", "0" * 16])
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
    | st.text()
)
keys = st.sampled_from([name for name in NAMES if name not in SLOW])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
number = st.integers(-2, 2000)
items = st.fixed_dictionaries(
    {"label": st.text()},
    optional={
        "box": st.lists(number, min_size=4, max_size=4).map(sorted).map(lambda v: [v[0], v[1], v[2], v[3]]),
        "polygon": st.lists(st.tuples(number, number), min_size=3, max_size=5),
        "point": st.tuples(number, number),
        "image": number,
        "more": st.dictionaries(st.text(), values, max_size=2),
    },
)
said = st.one_of(
    st.fixed_dictionaries({"text": st.text()}),
    st.fixed_dictionaries({"json": values}),
    st.fixed_dictionaries(
        {"items": st.lists(items, max_size=3)},
        optional={
            "size": st.tuples(number, number),
            "wrap": words,
            "masks": st.sampled_from(["png", "polygon"]),
        },
    ),
    st.fixed_dictionaries({"chunks": st.lists(st.text(min_size=1), min_size=1, max_size=4)}),
    st.fixed_dictionaries({"function_call": st.fixed_dictionaries({"name": st.text()})}),
    st.just({"stand_in": True}),
    st.just({}),
)
given_so = st.fixed_dictionaries(
    {},
    optional={
        "thoughts": st.text() | st.lists(st.text(), max_size=2),
        "finish_reason": st.sampled_from(["STOP", "SAFETY", "MAX_TOKENS"]),
        "status": st.sampled_from(["failed", "in_progress", "requires_continuation"]),
        "continue_after_tokens": st.integers(1, 9),
        "error": st.fixed_dictionaries({"status": st.integers(399, 600)}, optional={"message": st.text()}),
        "blocked": st.sampled_from(["SAFETY", "OTHER"]),
    },
)
answers = st.builds(lambda one, other: {**one, **other}, said, given_so)
scripts = st.fixed_dictionaries(
    {"answer": answers | st.text()}, optional={"when": st.dictionaries(keys, values, max_size=2)}
)

relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def asked(api: httpx.Client) -> list[httpx.Response]:
    body = {"contents": [{"parts": [{"text": "a"}]}]}
    return [
        api.post("/v1/models/gemini-2.5-flash:generateContent", json=body),
        api.post("/v1/models/gemini-2.5-flash:streamGenerateContent", json=body),
        api.post("/v1/interactions", json={"model": "gemini-3-flash-preview", "input": "a", "stream": True}),
    ]


@pytest.mark.prop
class TestAnyPlan:
    """What is put at the control plane is taken or refused, and what is taken is answered."""

    @relaxed
    @given(body=values)
    def test_any_json(self, api: httpx.Client, body: Any) -> None:
        assert api.put("/_mock/scripts", json=body).status_code in (200, 400)

    @relaxed
    @given(body=st.lists(scripts, min_size=1, max_size=2))
    def test_scripts(self, api: httpx.Client, body: Any) -> None:
        put = api.put("/_mock/scripts", json=body)
        assert put.status_code in (200, 400)
        if put.status_code == 200:
            for response in asked(api):
                assert "An internal error has occurred." not in response.text

    @relaxed
    @given(body=st.lists(st.dictionaries(keys, values, max_size=3), max_size=2) | values)
    def test_faults(self, api: httpx.Client, body: Any) -> None:
        assert api.put("/_mock/faults", json=body).status_code in (200, 400)
        assert api.get("/_mock/faults").status_code == 200
        api.put("/_mock/faults", json=[])
