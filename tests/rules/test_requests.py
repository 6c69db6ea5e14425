"""What a request holds, whole: every turn and part of both dialects, and where in the body each stands."""

from __future__ import annotations

from typing import Any

import pytest

from visionspec.errors import InvalidInput
from visionspec.rules.requests import Part, Turn, detect_dialect, member, string_member, turns

CONTENTS: list[tuple[Any, list[Turn]]] = [
    (None, []),
    ([], []),
    ("a text where a content is due", [Turn("contents", "user", ())]),
    ([7], [Turn("contents[0]", "user", ())]),
    (
        {"role": "model", "parts": {"text": "an object for a list"}},
        [Turn("contents", "model", (Part("text", "contents.parts", "an object for a list"),))],
    ),
    (
        [{"parts": [{"text": ""}]}, {"role": 3, "parts": [{"functionCall": {}}, None]}],
        [
            Turn("contents[0]", "user", (Part("text", "contents[0].parts[0]"),)),
            Turn(
                "contents[1]",
                "user",
                (Part("other", "contents[1].parts[0]"), Part("other", "contents[1].parts[1]")),
            ),
        ],
    ),
    (
        [
            {
                "parts": [
                    {
                        "inlineData": {"mimeType": "image/png", "data": "AAAA"},
                        "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"},
                    },
                    {"inline_data": {"mime_type": "IMAGE/JPEG", "data": "BBBB"}},
                    {"fileData": {"mimeType": " image/webp", "fileUri": "files/a"}},
                    {"file_data": {"file_uri": "files/b"}},
                    {"inlineData": {"data": "CCCC"}},
                    {"inlineData": {"mimeType": "png", "data": "DDDD"}},
                    {"inlineData": {"mimeType": "application/image/pdf", "data": "EEEE"}},
                    {"inlineData": "no object", "fileData": {"mimeType": "image/png"}},
                ]
            }
        ],
        [
            Turn(
                "contents[0]",
                "user",
                (
                    Part(
                        "image",
                        "contents[0].parts[0].inlineData",
                        mime_type="image/png",
                        data="AAAA",
                        resolution="MEDIA_RESOLUTION_LOW",
                    ),
                    Part("image", "contents[0].parts[1].inline_data", mime_type="IMAGE/JPEG", data="BBBB"),
                    Part("image", "contents[0].parts[2].fileData", mime_type=" image/webp", uri="files/a"),
                    Part("other", "contents[0].parts[3].file_data"),
                    Part("image", "contents[0].parts[4].inlineData", data="CCCC"),
                    Part("image", "contents[0].parts[5].inlineData", mime_type="png", data="DDDD"),
                    Part("other", "contents[0].parts[6].inlineData", mime_type="application/image/pdf"),
                    Part("image", "contents[0].parts[7].fileData", mime_type="image/png"),
                ),
            )
        ],
    ),
]

INPUTS: list[tuple[Any, list[Turn]]] = [
    (None, []),
    ([], []),
    ("a prompt", [Turn("input", "user", (Part("text", "input", "a prompt"),))]),
    (
        [
            "a prompt",
            {"type": "text", "text": "another"},
            {"type": "text"},
            {"type": "image", "data": "AAAA", "mime_type": "image/png", "resolution": "low"},
            {"type": "image", "uri": "files/a", "mimeType": "image/jpeg"},
            {"type": "audio", "data": "AAAA"},
            7,
        ],
        [
            Turn(
                "input",
                "user",
                (
                    Part("text", "input[0]", "a prompt"),
                    Part("text", "input[1]", "another"),
                    Part("text", "input[2]"),
                    Part("image", "input[3]", mime_type="image/png", data="AAAA", resolution="low"),
                    Part("image", "input[4]", mime_type="image/jpeg", uri="files/a"),
                    Part("other", "input[5]"),
                    Part("other", "input[6]"),
                ),
            )
        ],
    ),
    (
        [
            {"type": "user_input", "content": [{"type": "text", "text": "one"}, "two"]},
            {"type": "model_output", "content": {"type": "text", "text": "three"}},
            {"role": "model", "content": "four"},
            {"role": "user", "content": []},
            "loose",
        ],
        [
            Turn(
                "input[0]",
                "user",
                (Part("text", "input[0].content[0]", "one"), Part("text", "input[0].content[1]", "two")),
            ),
            Turn("input[1]", "model", (Part("text", "input[1].content", "three"),)),
            Turn("input[2]", "model", (Part("text", "input[2].content", "four"),)),
            Turn("input[3]", "user", ()),
            Turn("input", "user", (Part("text", "input[4]", "loose"),)),
        ],
    ),
]


@pytest.mark.parametrize(("contents", "expected"), CONTENTS)
def test_the_turns_of_generate_content(contents: object, expected: list[Turn]) -> None:
    assert list(turns({"contents": contents}, "generateContent")) == expected


@pytest.mark.parametrize(("given", "expected"), INPUTS)
def test_the_turns_of_interactions(given: object, expected: list[Turn]) -> None:
    assert list(turns({"input": given}, "interactions")) == expected


def test_a_member_is_found_by_either_spelling() -> None:
    assert member({"media_resolution": 1}, "media_resolution") == 1
    assert member({"mediaResolution": 2}, "media_resolution") == 2
    assert member({"media_resolution": 1, "mediaResolution": 2}, "media_resolution") == 1
    assert member({"MediaResolution": 3}, "media_resolution") is None
    assert member([], "media_resolution") is None
    assert string_member({"text": 3}, "text") is None
    assert string_member({"text": ""}, "text") == ""


def test_a_dialect_is_known_by_its_one_key() -> None:
    assert detect_dialect({"input": 1}) == "interactions"
    assert detect_dialect({"contents": 1}) == "generateContent"


@pytest.mark.parametrize(
    ("body", "said", "given"),
    [
        (
            {"input": 1, "contents": 2},
            "a request has either 'input' (interactions) or 'contents' (generateContent); this has both",
            ["contents", "input"],
        ),
        (
            {"model": 1, 2: 3},
            (
                "a request has either 'input' (interactions) or 'contents' (generateContent); "
                "this has only ['2', 'model']"
            ),
            ["2", "model"],
        ),
        ([1], "the body of a request is a JSON object, not [1]", [1]),
    ],
)
def test_a_body_of_neither_dialect(body: Any, said: str, given: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        detect_dialect(body)
    assert (str(caught.value), caught.value.given, caught.value.rule) == (said, given, None)


def test_there_are_two_dialects() -> None:
    with pytest.raises(InvalidInput) as caught:
        turns({}, "generate")  # type: ignore[arg-type] # on purpose
    assert str(caught.value) == "dialect 'generate' is none of interactions, generateContent"
    assert caught.value.given == "generate"
