"""Answers: the vectors, cuts at every character, hostile text, bounded time and memory."""

from __future__ import annotations

import base64
import io
import json
import sys
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from visionspec import Answer, decode_answer, errors, spec
from visionspec.rules import answers
from visionspec.rules.answers import MEANINGS
from visionspec.rules.masks import BUDGET_FRAMES, SMALL_FRAME_PX
from visionspec.rules.names import safe_name

FRAME = {"width_px": 1000, "height_px": 500}
FENCE = "`" * 3


def as_json(answer: Answer) -> dict[str, Any]:
    """The answer in the shape of the vectors."""
    document: dict[str, Any] = {
        "items": [
            {
                "box": list(item.box),
                "label": item.label,
                "mask": {"form": item.mask.form, "area_px": item.mask.area_px} if item.mask else None,
                "issues": list(item.issues),
            }
            for item in answer.items
        ],
        "rejected": [{"index": item.index, "reason": item.reason} for item in answer.rejected],
        "truncated": answer.truncated,
        "issues": list(answer.issues),
    }
    if answer.points:
        document["points"] = [
            {"point": list(found.point), "label": found.label, "issues": list(found.issues)}
            for found in answer.points
        ]
    return document


def png(values: np.ndarray) -> str:
    out = io.BytesIO()
    Image.fromarray(values).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


HALF = np.zeros((256, 256), np.uint8)
HALF[:, :128] = 255
PLAIN = {"box_2d": [100, 100, 500, 300], "label": "a", "mask": png(HALF)}  # 100..300 x 50..250, 20,000 px


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.id) for case in spec.vectors()["decode_answer"].cases]
)
def test_vector(case: spec.Case) -> None:
    if case.result == "invalid":
        with pytest.raises(errors.InvalidAnswer) as caught:
            decode_answer(**case.input)
        assert type(caught.value).__name__ == case.expected["error"]
    else:
        assert as_json(decode_answer(**case.input)) == case.expected


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.id) for case in spec.vectors()["safe_name"].cases]
)
def test_vector_of_names(case: spec.Case) -> None:
    if case.result == "invalid":
        with pytest.raises(errors.InvalidInput, match=r"is no string \[rule answers\.file-names\]"):
            safe_name(**case.input)
        return
    assert safe_name(**case.input) == case.expected


class TestMeanings:
    def test_every_word_of_the_vectors_has_one(self) -> None:
        words = set()
        for case in spec.vectors()["decode_answer"].cases:
            if case.result != "invalid":
                words.update(case.expected["issues"])
                words.update(item["reason"] for item in case.expected["rejected"])
                words.update(issue for item in case.expected["items"] for issue in item["issues"])
        words.update(
            case.expected["reason"] for case in spec.vectors()["masks"].cases if case.result == "invalid"
        )
        assert words - {"threshold"} <= set(MEANINGS)

    def test_every_reason_of_a_mask_is_a_rule(self) -> None:
        reasons = list(MEANINGS)
        reasons = reasons[reasons.index("null-mask") : reasons.index("unknown-mask") + 1]
        assert [word for word in reasons if f"masks.{word}" not in spec.rules()] == []

    def test_every_one_is_a_sentence(self) -> None:
        assert [word for word, meaning in MEANINGS.items() if not meaning.endswith(".")] == []


class TestItems:
    def test_know_their_place_among_all_of_them(self) -> None:
        elements = [PLAIN, 7, {"point": [1, 2]}, PLAIN, {"label": "x"}]
        answer = decode_answer(json.dumps(elements), **FRAME)
        assert [item.index for item in answer.items] == [0, 3]
        assert [point.index for point in answer.points] == [2]
        assert [rejected.index for rejected in answer.rejected] == [1, 4]

    def test_keep_what_the_model_gave(self) -> None:
        text = '[{"box_2d": [500, 300.5, 100, 100.0], "label": "a"}, {"point": [1.5, 2]}]'
        answer = decode_answer(text, **FRAME)
        assert answer.items[0].box_norm == (500, 300.5, 100, 100)
        assert [type(value) for value in answer.items[0].box_norm] == [int, float, int, int]
        assert answer.points[0].point_norm == (1.5, 2)

    @pytest.mark.parametrize("lead", ["", "see [[link]] "])
    def test_may_hold_more_digits_than_python_reads(self, lead: str) -> None:
        """int() ends at 4,300 digits; such a number is infinite, and digits in a string are just text."""
        digits = "9" * 5000
        bad = f'{{"box_2d": [1, 2, {digits}, 4], "label": "{digits}"}}'
        good = f'{{"label": "{digits}", "box_2d": [100, 100, 500, 300.{digits}]}}'
        answer = decode_answer(f"{lead}[{bad}, {good}]", **FRAME)
        assert [rejected.reason for rejected in answer.rejected] == ["bad-box"]
        assert [item.label for item in answer.items] == [digits]

    @pytest.mark.parametrize(
        ("number", "given"),
        [
            (2**53 - 1, 2**53 - 1),
            (2**53, 2.0**53),
            (-(2**53), -(2.0**53)),
            (10**308, 1e308),
            (10**309, None),
            (-(10**400), None),
        ],
    )
    def test_give_large_numbers_back_as_floats(self, number: int, given: float | None) -> None:
        answer = decode_answer(
            f'[{{"box_2d": [0, -1, 1000, 1000]}}, {{"box_2d": [0, {number}, 1000, 500]}}]', **FRAME
        )
        if given is None:
            assert answer.rejected[0].reason == "bad-box"
        else:
            assert (answer.items[1].box_norm.xmin, type(answer.items[1].box_norm.xmin)) == (
                given,
                type(given),
            )

    @pytest.mark.parametrize(("far", "made"), [(2**52 // 4, True), (2**52 // 4 + 1, False), (1.7e308, False)])
    def test_have_no_mask_where_float64_cannot_tell_pixels_apart(self, far: float, made: bool) -> None:  # noqa: FBT001
        """In a frame of 4,000 px a coordinate is 4 px."""
        item = {**PLAIN, "box_2d": [0, -far, 1000, 1000]}
        (found,) = decode_answer(json.dumps([item]), width_px=4000, height_px=3).items
        assert (found.mask is not None, "oversized-mask" in found.issues) == (made, not made)

    def test_have_a_mask_in_the_place_of_their_box(self) -> None:
        mask = decode_answer(json.dumps([PLAIN]), **FRAME).items[0].mask
        assert mask is not None
        frame = mask.to_frame(1000, 500)
        assert frame[50:250, 100:200].all()
        assert frame.sum() == 20_000

    def test_rejected_ones_say_what_was_given(self) -> None:
        text = (
            '[{"box_2d": [1, 2, 3]}, {"bbox": [1, 2]}, {"box_2d": [5, 5, 5, 9]}, {"point": "here"}, null, 7]'
        )
        assert [rejected.detail for rejected in decode_answer(text, **FRAME).rejected] == [
            "[1, 2, 3] is not 4 finite numbers",
            "an item with ['bbox'], but neither box_2d nor point",
            "box_2d [5, 5, 5, 9] has no pixel in 1000x500",
            "'here' is not 2 finite numbers",
            "None is no JSON object",
            "7 is no JSON object",
        ]

    def test_reversed_ones_are_rejected_on_demand_with_what_was_given(self) -> None:
        answer = decode_answer('[{"box_2d": [500, 0, 100, 1000]}]', **FRAME, reversed_corners="reject")
        assert [(one.index, one.reason, one.detail) for one in answer.rejected] == [
            (0, "reversed-corners", "box_2d [500, 0, 100, 1000] has a minimum above its maximum")
        ]
        assert (answer.width_px, answer.height_px) == (FRAME["width_px"], FRAME["height_px"])

    def test_a_polygon_beyond_its_box_is_cut_and_says_so(self) -> None:
        item = {**PLAIN, "box_2d": [0, 0, 100, 100], "mask": [[0, 0], [500, 0], [500, 500]]}
        (found,) = decode_answer(json.dumps([item]), **FRAME).items
        assert "mask-beyond-box" in found.issues

    def test_are_no_more_than_a_model_can_write(self) -> None:
        answer = decode_answer("[" + "0," * 65_536 + "0]", **FRAME)
        assert len(answer.rejected) == 65_536
        assert answer.issues == ("too-many-items",)
        assert decode_answer("[" + "0," * 65_535 + "0]", **FRAME).issues == ()

    def test_one_per_line_are_no_more_either(self) -> None:
        answer = decode_answer('{"box_2d":[1,2,300,400]}\n' * 65_537, **FRAME)
        assert len(answer.items) == 65_536
        assert "too-many-items" in answer.issues

    def test_share_a_budget_for_their_masks(self) -> None:
        """A box of 1000 x 500 px, a ring in it and two crossings per row cost 1,001,000 of 64 * 1,048,576."""
        item = {"box_2d": [0, 0, 1000, 1000], "mask": [[0, 0], [1000, 0], [1000, 1000], [0, 1000]]}
        affordable = BUDGET_FRAMES * SMALL_FRAME_PX // (2 * 500_000 + 1000)
        answer = decode_answer(json.dumps([item] * (affordable + 2)), **FRAME)
        assert [found.mask is None for found in answer.items] == [False] * affordable + [True] * 2
        assert answer.items[-1].issues == ("no-label", "mask-budget")


class TestRoots:
    """Where the items of an answer may stand."""

    @pytest.mark.parametrize("depth", range(1, 6))
    def test_five_lists_may_lie_around_each_other(self, depth: int) -> None:
        answer = decode_answer("[" * depth + json.dumps(PLAIN) + "]" * depth, **FRAME)
        assert len(answer.items) == 1

    def test_six_may_not(self) -> None:
        answer = decode_answer("[" * 6 + json.dumps(PLAIN) + "]" * 6, **FRAME)
        assert [rejected.reason for rejected in answer.rejected] == ["not-an-object"]

    @pytest.mark.parametrize("depth", range(5))
    def test_so_may_objects(self, depth: int) -> None:
        text = '{"a": ' * depth + json.dumps([PLAIN]) + "}" * depth
        assert len(decode_answer(text, **FRAME).items) == 1

    def test_a_root_with_a_label_of_its_own_is_no_item(self) -> None:
        answer = decode_answer(json.dumps({"label": "the scene", "boxes": [PLAIN]}), **FRAME)
        assert ([item.label for item in answer.items], answer.rejected) == (["a"], ())

    def test_a_root_that_is_a_bad_item_is_rejected(self) -> None:
        answer = decode_answer('{"label": "x"}', **FRAME)
        assert [rejected.reason for rejected in answer.rejected] == ["no-box"]

    def test_a_root_with_several_lists_has_all_of_them(self) -> None:
        text = json.dumps({"cats": [PLAIN], "none": [], "numbers": [1], "dogs": [{**PLAIN, "label": "b"}]})
        assert [item.label for item in decode_answer(text, **FRAME).items] == ["a", "b"]

    def test_an_object_of_items_is_read(self) -> None:
        assert len(decode_answer(json.dumps({"x": PLAIN, "y": PLAIN}), **FRAME).items) == 2


class TestSurroundings:
    """What an answer says about the text around its items."""

    @pytest.mark.parametrize(
        ("text", "issues"),
        [
            ("{0}\n{0}", ("several-blocks",)),
            ('{0}\n{{"box_2d": [1, 2 "x"}}', ("damaged",)),
            ('{{"box_2d": [1, 2 "x"}}\n{0}', ("damaged",)),
            ('So: {{"box_2d": [1, 2 "x"}}\n{0}', ("damaged", "prose")),
            ('```\n[{{"box_2d": [1, 2 "x"}}, {0}]\n```', ("damaged",)),
            ("```{0}```", ()),
            ("~~~json\n{0}\n~~~", ()),
            ("{0} and so on", ("prose",)),
            ("{0}```", ("prose",)),
            ("\ufeff\n {0} \ufeff\n", ()),
            ("see [[1]] {0}", ("prose",)),
            ("see [[link]] {0}", ("damaged", "prose")),
            ("[{0}, // a cat\n{0}]", ("damaged",)),
            ('[{{"label": "a,]", "box_2d": [1, 2 "x"}}, {0}]', ("damaged",)),
            ('[{{"label": "a,]", "box_2d": [1, 2 "x"}}, {0},]', ("trailing-comma", "damaged")),
        ],
    )
    def test_is_said(self, text: str, issues: tuple[str, ...]) -> None:
        answer = decode_answer(text.format(json.dumps(PLAIN)), **FRAME)
        assert (answer.issues, answer.truncated) == (issues, False)
        assert answer.items

    @pytest.mark.parametrize("tail", ['"\\u12"}]', '"\\q"}]', '"\\ud83d\\u"}]'])
    def test_a_bad_escape_is_not_a_cut(self, tail: str) -> None:
        text = f'[{json.dumps(PLAIN)}, {{"label": {tail}'
        answer = decode_answer(text, **FRAME)
        assert (answer.truncated, [found.reason for found in answer.rejected]) == (False, ["syntax"])

    @pytest.mark.parametrize("tail", ['"\\u12', '"\\', '"\\ud83d\\u1', '"\\ud83d'])
    def test_half_an_escape_is_one(self, tail: str) -> None:
        answer = decode_answer(f'[{json.dumps(PLAIN)}, {{"label": {tail}', **FRAME)
        assert (answer.truncated, answer.rejected) == (True, ())


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "the answer is empty: ''"),
            ("I see a cat.", "'I see a cat.' holds no list of items"),
            (None, "an answer is text, not None"),
            (b"[]", "an answer is text, not b'[]'"),
            (
                "[{'box_2d': [1, 2, 3, 4]}]",
                "not JSON at character 2: \"'box_2d': [1, 2, 3, 4]}]\"; strings in JSON stand in double",
            ),
            ("[" * 50_000, "holds no item that could be read: nested too deeply to be read"),
        ],
    )
    def test_show_the_text(self, text: Any, message: str) -> None:
        with pytest.raises(errors.InvalidAnswer) as caught:
            decode_answer(text, **FRAME)
        assert message in str(caught.value)
        assert caught.value.rule == "answers.no-answer"

    def test_a_text_that_is_too_long_is_not_read(self) -> None:
        with pytest.raises(errors.InvalidAnswer, match=r"16,777,217 characters.*16,777,216") as caught:
            decode_answer("[]" + " " * 16_777_215, **FRAME)
        assert caught.value.rule == "answers.length"
        assert len(caught.value.given) == 80
        assert decode_answer("[]" + " " * 16_777_214, **FRAME).items == ()

    @pytest.mark.parametrize("size", [(0, 5), (5, -1), (1.5, 2), ("5", 5), (True, 5), (None, 5)])
    def test_a_size_that_no_image_has(self, size: tuple[Any, Any]) -> None:
        with pytest.raises(errors.InvalidSize):
            decode_answer("[]", width_px=size[0], height_px=size[1])

    @pytest.mark.parametrize("threshold", [-1, 256, 127.5, "127", None, True])
    def test_a_threshold_that_no_pixel_has(self, threshold: Any) -> None:
        with pytest.raises(errors.InvalidMask, match=r"0\.\.255"):
            decode_answer("[]", **FRAME, threshold=threshold)


@pytest.mark.parametrize("threshold", [127, 128])
def test_the_threshold_reaches_the_masks(threshold: int) -> None:
    item = {**PLAIN, "mask": png(np.full((4, 4), 128, np.uint8))}
    (found,) = decode_answer(json.dumps([item]), **FRAME, threshold=threshold).items
    assert found.mask is not None
    assert found.mask.area_px == (40_000 if threshold == 127 else 0)


def test_depth_costs_an_item_and_not_the_answer() -> None:
    deep = '{"box_2d": [1, 2, 300, 400], "x": ' + "[" * 100_000 + "]" * 100_000 + "}"
    answer = decode_answer(f"[{json.dumps(PLAIN)}, {deep}, {json.dumps(PLAIN)}]", **FRAME)
    assert [item.index for item in answer.items] == [0, 2]
    assert [(item.index, item.reason) for item in answer.rejected] == [(1, "too-deep")]


def test_a_caller_deep_in_the_stack_gets_an_answer_or_an_error_of_ours() -> None:
    text = json.dumps({"a": {"b": {"c": [PLAIN]}}})

    def descend(levels: int) -> Answer:
        return descend(levels - 1) if levels else decode_answer(text, **FRAME)

    assert len(descend(sys.getrecursionlimit() - 300).items) == 1


@pytest.mark.prop
@pytest.mark.rule("answers.truncated")
class TestCut:
    """Whatever character a text ends at, the items that were complete before it are there."""

    TEXTS = (
        json.dumps([PLAIN, {**PLAIN, "label": 'a "b" \\ \U0001f600 ]}'}, {"point": [1, 2]}, PLAIN]),
        FENCE + 'json\n{"boxes": [' + ",\n".join([json.dumps(PLAIN)] * 3) + "]}\n" + FENCE,
        json.dumps(
            [{**PLAIN, "mask": [[100, 100], [300, 100], [300, 500]]}] * 3, ensure_ascii=False, indent=1
        ),
    )

    @given(st.sampled_from(TEXTS), st.data())
    def test_at_any_character(self, text: str, data: st.DataObject) -> None:
        whole = decode_answer(text, **FRAME)
        length = data.draw(st.integers(0, len(text)))
        try:
            answer = decode_answer(text[:length], **FRAME)
        except errors.InvalidAnswer:
            assert "{" not in text[:length].partition("[")[2]
            return
        assert answer.items == whole.items[: len(answer.items)]
        ends = [end for end in range(length) if text[end] == "}" and self.closes_an_item(text[: end + 1])]
        assert len(answer.items) + len(answer.points) == len(ends)
        assert answer.truncated == (not self.is_complete(text[:length]))
        assert answer.rejected == ()

    @staticmethod
    def closes_an_item(text: str) -> bool:
        """Whether the text, which ends with a brace, is whole once the list and the object are closed."""
        body = text.removeprefix(FENCE + "json\n")
        return any(TestCut.parses(body + end) for end in ("]", "]}"))

    @staticmethod
    def is_complete(text: str) -> bool:
        return TestCut.parses(text.removeprefix(FENCE + "json\n").rstrip("`\n"))

    @staticmethod
    def parses(text: str) -> bool:
        try:
            json.loads(text)
        except ValueError:
            return False
        return True


snippets = st.sampled_from(
    [
        *("[", "]", "{", "}", '"', "'", ",", ":", "\\", FENCE, "json\n", "\n", " ", "\ufeff", "\0", "\ud800"),
        *(
            '{"box_2d": [1, 2, 300, 400]',
            '"label": "x"',
            '"mask": "',
            '"mask": [[1, 2], [3, 4], [900, 6]]',
            '"point": [1, 2]',
        ),
        *(
            "NaN",
            "-Infinity",
            "1e400",
            "9" * 5000,
            "null",
            "true",
            "<seg_1>",
            '{"boxes": [',
            "[note]",
            "\\u12",
            "\\ud83d",
        ),
        json.dumps(PLAIN),
        "data:image/png;base64,iVBORw0KGgo",
    ]
)


@pytest.mark.prop
@pytest.mark.rule("answers.no-answer")
@pytest.mark.rule("answers.clipped")
class TestHostile:
    """Arbitrary text gives an answer or InvalidAnswer: nothing else, and nothing beyond the frame."""

    @given(st.text())
    @example("[" * 2000)
    @example('{"a":' * 2000)
    @example('[{"box_2d":[1,2,3,4],"box_2d":1}]')
    def test_text(self, text: str) -> None:
        self.decode(text)

    @given(st.lists(snippets | st.text(max_size=3), max_size=30).map("".join))
    def test_text_of_the_usual_parts(self, text: str) -> None:
        self.decode(text)

    @given(st.binary(max_size=200))
    def test_bytes(self, data: bytes) -> None:
        for errors_ in ("replace", "surrogateescape"):
            self.decode(data.decode("utf-8", errors_))

    @given(st.data())
    def test_a_sound_answer_with_damage(self, data: st.DataObject) -> None:
        text = json.dumps({"boxes": [PLAIN, {"point": [1, 2]}, PLAIN]})
        for _ in range(data.draw(st.integers(1, 4))):
            start = data.draw(st.integers(0, len(text)))
            stop = data.draw(st.integers(start, min(len(text), start + 40)))
            text = text[:start] + data.draw(snippets | st.text(max_size=3)) + text[stop:]
        self.decode(text)

    @given(
        st.lists(
            st.floats() | st.integers(-(10**30), 10**30) | st.sampled_from([0, 1000, -1, 1e308, 5e-324]),
            min_size=4,
            max_size=4,
        )
    )
    def test_numbers(self, box: list[float]) -> None:
        mask: Any
        for mask in (PLAIN["mask"], [[0, 0], [1000, 0], [1000, 1000]]):
            text = json.dumps([{"box_2d": box, "mask": mask}])
            self.decode(text)
            self.decode(text, width_px=100_000, height_px=2)

    @staticmethod
    def decode(text: str, width_px: int = 60, height_px: int = 40) -> None:
        try:
            answer = decode_answer(text, width_px=width_px, height_px=height_px)
        except errors.InvalidAnswer:
            return
        for item in answer.items:
            x0, y0, x1, y1 = item.box
            assert 0 <= x0 < x1 <= width_px
            assert 0 <= y0 < y1 <= height_px
            assert item.mask is None or item.mask.box == item.box
        words = {rejected.reason for rejected in answer.rejected} | set(answer.issues)
        words.update(issue for found in (*answer.items, *answer.points) for issue in found.issues)
        assert words <= set(MEANINGS)


MIB = 1 << 20
HOSTILE = {
    "[": "[",
    "{": "{",
    "fence": FENCE,
    "quote": '"',
    "backslash": "\\",
    "open object": '{"a":',
    "open list": "[1,",
    "open string": '["',
    "lists": "[[1],",
    "empty lists": "[]",
    "broken items": '{"box_2d":1 x',
    "unclosed items": '{"box_2d":[',
    "items": '{"box_2d":[1,2,3,4]},',
    "numbers": "[0,0,0,0,0,0",
    "trailing commas": ",]",
    "blank": " ",
    "big number": "9",
    "bad escapes": '{"a":"\\q',
    "quoted commas": '{"a":",]" x',
    "escapes": '{"\\u0041":',
    "wrappers": '{"a":[{"a":[{"a":',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear_in_the_text(name: str) -> None:
    """Four times the text takes less than twelve times as long: sixteen times would be the square."""
    spent = []
    for size in (MIB // 8, MIB // 2):
        text = '[{"box_2d":' + HOSTILE[name] * (size // len(HOSTILE[name]))
        start = time.process_time()
        TestHostile.decode(text)
        spent.append(time.process_time() - start)
    assert spent[1] < max(12 * spent[0], 0.5)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty objects", '[{"box_2d":[1,2,3,4],"x":[' + "{}," * (MIB // 8) + "{}]}]"),
        ("empty lists", '[{"box_2d":[1,2,3,4],"x":[' + "[]," * (MIB // 8) + "[]]}]"),
        ("small objects", '[{"box_2d":[1,2,3,4],"x":[' + '{"":0},' * (MIB // 8) + "{}]}]"),
        ("numbers", "[" + "0," * (MIB // 4) + "0]"),
        ("items", "[" + '{"box_2d":[1,2,3,4]},' * (MIB // 64) + "0]"),
        ("brackets", "[" * (2 * MIB)),
        ("boxes of a million", json.dumps([{**PLAIN, "box_2d": [-1e6, -1e6, 1e6, 1e6]}] * 100)),
        (
            "full frames",
            json.dumps([{"box_2d": [0, 0, 1000, 1000], "mask": [[0, 0], [1000, 0], [0, 1000]]}] * 3000),
        ),
    ],
    ids=lambda value: value if len(value) < 30 else "",
)
def test_memory_is_bounded(name: str, text: str) -> None:
    """At most 64 bytes per character and per pixel of the frame (or of 1,048,576 px)."""
    del name
    tracemalloc.start()
    try:
        decode_answer(text, width_px=640, height_px=480)
    except errors.InvalidAnswer:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 64 * (len(text) + SMALL_FRAME_PX)


def test_an_object_keeps_less_than_20_kb_at_12_megapixels() -> None:
    item = {**PLAIN, "box_2d": [100, 100, 234, 175]}  # 300 x 402 px of 4000 x 3000
    text = json.dumps([item] * 50)
    decode_answer(text, width_px=4000, height_px=3000)
    tracemalloc.start()
    answer = decode_answer(text, width_px=4000, height_px=3000)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert answer.items[0].box == (400, 300, 700, 702)
    assert kept / 50 < 20_000


def test_an_answer_is_immutable_and_compares_by_value() -> None:
    text = json.dumps([PLAIN, {"point": [1, 2]}, 7])
    first, second = (decode_answer(text, **FRAME) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    parts = {first: "issues", first.items[0]: "box", first.points[0]: "point", first.rejected[0]: "reason"}
    for part, name in parts.items():
        assert not hasattr(part, "__dict__")
        with pytest.raises(AttributeError):
            setattr(part, name, ())


def test_the_public_names_are_these() -> None:
    assert answers.Answer is Answer
    assert answers.decode_answer is decode_answer
