"""Which script answers: every condition, the order, the counts, and what a strict server says."""

from __future__ import annotations

import base64
import hashlib
import io
import time
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw

from visionspec_mockserver import MockServer
from visionspec_mockserver.scripts.digests import dhash, distance
from visionspec_mockserver.scripts.expressions import MAX_PATTERN_CHARS, MAX_TEXT_CHARS, found
from visionspec_mockserver.scripts.problems import InvalidScript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

FLASH = "/v1/models/gemini-2.5-flash"


@pytest.fixture
def scripts(server: MockServer, api: httpx.Client) -> Iterator[Any]:
    del api
    yield server.scripts
    server.scripts.clear()


@pytest.fixture
def says(api: httpx.Client) -> Callable[..., str]:
    """The text of an answer, or the message of an error."""

    def ask(text: str = "Hello", *images: bytes, model: str = "gemini-2.5-flash", **more: Any) -> str:
        data = [base64.b64encode(image).decode() for image in images]
        parts = [{"inlineData": {"mimeType": "image/png", "data": one}} for one in data]
        method = more.pop("method", "generateContent")
        body = {"contents": [{"parts": [*parts, {"text": text}]}], **more}
        answer = api.post(f"/v1/models/{model}:{method}", json=body).json()
        chunks = answer if isinstance(answer, list) else [answer]
        if "error" in chunks[0]:
            return chunks[0]["error"]["message"]
        return "".join(chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks)

    return ask


def other(colour: str, form: str = "PNG", size: tuple[int, int] = (300, 200)) -> bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).ellipse((10, 20, size[0] // 2, size[1] // 2), fill=colour)
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


class TestConditions:
    @pytest.mark.parametrize(
        ("when", "fits", "differs"),
        [
            ("cat", "my cat sits", "my Cat sits"),
            ({"exact": "my cat"}, "my cat", "my cats"),
            ({"contains": ["my", "cat"]}, "cat of my own", "cat"),
            ({"regex": r"^\d+ cats?$"}, "12 cats", "a cat"),
            ({"contains": "CAT", "ignore_case": True}, "my cat", "my dog"),
            ({"exact": "STRASSE", "ignore_case": True}, "straße", "strase"),
            ({"regex": "CAT", "ignore_case": True}, "cat", "dog"),
            ({"contains": "cat", "regex": "dog"}, "cat dog", "cat"),
        ],
    )
    def test_text(self, scripts, says, when, fits, differs) -> None:
        scripts.add(when={"text": when}, answer="yes")
        assert says(fits) == "yes"
        assert says(differs) != "yes"

    def test_the_text_is_that_of_the_last_turn_without_the_instruction(self, scripts, says) -> None:
        scripts.add(when={"text": {"exact": "Hello"}, "system": "brief"}, answer="yes")
        assert says(systemInstruction={"parts": [{"text": "Be brief."}]}) == "yes"
        assert says(systemInstruction={"parts": [{"text": "Be long."}]}) != "yes"
        assert says() != "yes"

    @pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemini-2.5-*", ["x", "models/gemini-2.5-flash"]])
    def test_model(self, scripts, says, model) -> None:
        scripts.add(when={"model": model}, answer="yes")
        assert says() == "yes"
        assert says(model="gemini-3-flash-preview") != "yes"

    def test_endpoint(self, scripts, says, api) -> None:
        scripts.add(when={"endpoint": "streamGenerateContent"}, answer="stream")
        scripts.add(when={"endpoint": ["interactions"]}, answer="interaction")
        assert says(method="streamGenerateContent") == "stream"
        assert says() not in ("stream", "interaction")
        body = {"model": "gemini-3-flash-preview", "input": "Hello"}
        step = api.post("/v1/interactions", json=body).json()["steps"][-1]
        assert step["content"][0]["text"] == "interaction"

    def test_the_very_same_bytes(self, scripts, says, draw) -> None:
        data = draw()
        scripts.add(when={"image": {"sha256": hashlib.sha256(data).hexdigest()}}, answer="by digest")
        scripts.add(when={"image": {"same_as": other("red")}}, answer="by bytes")
        assert says("x", data) == "by digest"
        assert says("x", other("blue"), other("red")) == "by bytes"
        assert says("x", other("blue")) not in ("by digest", "by bytes")

    def test_what_looks_alike(self, scripts, says, draw) -> None:
        scripts.add(when={"image": {"like": {"data": base64.b64encode(draw()).decode()}}}, answer="alike")
        assert says("x", draw(480, 270)) == "alike"
        assert says("x", draw(form="JPEG")) == "alike"
        assert says("x", other("red")) != "alike"

    def test_mime_type_and_size(self, scripts, says, draw) -> None:
        scripts.add(when={"image": {"width_px": 300, "height_px": {"max": 200}}}, answer="300")
        scripts.add(when={"image": {"width_px": {"min": 400}, "mime_type": "image/png"}}, answer="wide")
        assert says("x", draw(300, 200)) == "300"
        assert says("x", draw(300, 201)) not in ("300", "wide")
        assert says("x", draw(400, 201)) == "wide"
        scripts.replace([{"when": {"image": {"mime_type": ["image/webp"]}}, "answer": "webp"}])
        assert says("x", draw()) != "webp"

    def test_all_of_one_image(self, scripts, says, draw) -> None:
        # the first has the width, the second the height: neither has both
        scripts.add(when={"image": {"width_px": 300, "height_px": 100}}, answer="yes")
        assert says("x", draw(300, 200), draw(200, 100)) != "yes"
        assert says("x", draw(200, 200), draw(300, 100)) == "yes"

    def test_images_in_order(self, scripts, says, draw) -> None:
        scripts.add(when={"images": [{"width_px": 300}, {"width_px": 400}]}, answer="in order")
        assert says("x", draw(300, 200), draw(400, 200)) == "in order"
        assert says("x", draw(400, 200), draw(300, 200)) != "in order"
        assert says("x", draw(300, 200)) != "in order"
        assert says("x", draw(300, 200), draw(400, 200), draw(400, 200)) != "in order"

    def test_count(self, scripts, says, draw) -> None:
        scripts.add(when={"image_count": 0}, answer="none")
        scripts.add(when={"image_count": {"min": 2}}, answer="several")
        assert says() == "none"
        assert says("x", draw(), draw()) == "several"
        assert says("x", draw()) not in ("none", "several")


class TestOrder:
    def test_the_first_that_matches(self, scripts, says) -> None:
        scripts.add(when={"text": "cat"}, answer="first")
        scripts.add(answer="second")
        assert [says("cat"), says("dog")] == ["first", "second"]

    def test_times(self, scripts, says) -> None:
        held = scripts.add(answer="once", times=1)
        scripts.add(answer="twice", times=2)
        assert [says(), says(), says()] == ["once", "twice", "twice"]
        assert says() not in ("once", "twice")  # the stand-in
        assert (held.used, held.left) == (1, 0)

    def test_the_number_of_the_call_counts_what_matches_else(self, scripts, says) -> None:
        scripts.add(when={"text": "cat", "call": 2}, answer="second cat")
        scripts.add(when={"text": "cat", "call": {"min": 3}}, answer="later cats")
        scripts.add(answer="else")
        asked = ["cat", "dog", "cat", "dog", "cat", "cat"]
        assert [says(text) for text in asked] == [
            "else",
            "else",
            "second cat",
            "else",
            "later cats",
            "later cats",
        ]

    def test_after_another(self, scripts, says) -> None:
        scripts.add(name="open", when={"text": "open"}, answer="opened")
        scripts.add(when={"after": "open", "text": "go"}, answer="went")
        scripts.add(answer="no")
        assert [says("go"), says("open"), says("go")] == ["no", "opened", "went"]

    def test_what_is_added_goes_before_what_was_given(self) -> None:
        import httpx  # noqa: PLC0415 - here only

        given = {"name": "given", "answer": "given"}
        with MockServer(scripts=[given]) as server, httpx.Client(base_url=server.url) as client:
            headers = {"x-goog-api-key": "any"}
            body = {"contents": [{"parts": [{"text": "x"}]}]}

            def ask() -> str:
                answer = client.post(f"{FLASH}:generateContent", json=body, headers=headers).json()
                return answer["candidates"][0]["content"]["parts"][0]["text"]

            server.scripts.add(answer="added", times=1)
            assert [ask(), ask()] == ["added", "given"]
            assert client.post("/_mock/reset").status_code == 200
            (state,) = client.get("/_mock/scripts").json()["scripts"]
            assert (state["name"], state["used"]) == ("given", 0)


class TestStrict:
    @pytest.fixture(autouse=True)
    def _strict(self, scripts: Any) -> None:
        scripts.replace({"strict": True, "scripts": []})

    def test_without_any_script(self, says) -> None:
        assert says() == "visionspec: no script answers this request: there is none"

    def test_it_says_field_by_field_how_it_differed(self, scripts, says, draw) -> None:
        when = {
            "model": "gemini-2.5-pro",
            "text": {"exact": "Caption this."},
            "image": {"width_px": 300, "height_px": {"min": 1, "max": 200}},
            "image_count": {"min": 2},
        }
        scripts.replace({"strict": True, "scripts": [{"name": "caption", "when": when, "answer": "A"}]})
        assert says("Caption this", draw(400, 200)).splitlines() == [
            "visionspec: no script answers this request; the nearest is 'caption' (added):",
            "  model: wanted gemini-2.5-pro, got gemini-2.5-flash",
            "  text.exact: wanted 'Caption this.', got 'Caption this'",
            "  image_count: wanted 2 or more, got 1",
            "  image[0].width_px: wanted 300, got 400",
        ]

    def test_the_nearest_misses_least_and_reads_most_alike(self, scripts, says) -> None:
        named = [("dog", "Where is the dog?"), ("cat", "Where is the cat?"), ("far", "Caption this.")]
        several = [{"name": name, "when": {"text": {"exact": text}}, "answer": "A"} for name, text in named]
        far = {"name": "farther", "when": {"text": "where is the cats?", "model": "x"}, "answer": "A"}
        scripts.replace({"strict": True, "scripts": [far, *several]})
        assert "the nearest is 'cat'" in says("Where is the cats?")

    def test_used_up(self, scripts, says) -> None:
        scripts.replace({"strict": True, "scripts": [{"name": "once", "answer": "A", "times": 1}]})
        assert says() == "A"
        assert says().splitlines()[1:] == ["  times: wanted at most 1, got used 1"]

    def test_calls_and_order(self, scripts, says) -> None:
        when = {"call": 2, "text": "x"}
        scripts.replace({"strict": True, "scripts": [{"name": "late", "when": when, "answer": "A"}]})
        assert says("y").splitlines()[1:] == ["  text.contains: wanted 'x', got 'y'"]
        assert says("x").splitlines()[1:] == ["  call: wanted 2, got 1"]
        assert says("x") == "A"
        scripts.replace({"strict": True, "scripts": [{"when": {"after": "never"}, "answer": "A"}]})
        assert says().splitlines()[1:] == ["  after: wanted never, got it has not answered yet"]

    def test_in_the_words_of_interactions(self, scripts, api) -> None:
        scripts.add(name="old", when={"previous": {"id": "v1_x"}}, answer="A")
        response = api.post("/v1/interactions", json={"model": "gemini-3-flash-preview", "input": "Hi"})
        assert response.status_code == 400
        error = response.json()["error"]
        assert error["code"] == "failed_precondition"
        assert "previous.id: wanted v1_x, got none" in error["message"]

    def test_details_for_programs(self, scripts, api) -> None:
        scripts.add(when={"text": "cat"}, answer="A")
        body = {"contents": [{"parts": [{"text": "dog"}]}]}
        error = api.post(f"{FLASH}:generateContent", json=body).json()["error"]
        assert error["status"] == "FAILED_PRECONDITION"
        (detail,) = error["details"]
        assert detail["fieldViolations"] == [
            {"field": "text.contains", "description": "wanted 'cat', got 'dog'"}
        ]

    def test_what_needs_no_answer_needs_no_script(self, api) -> None:
        body = {"contents": [{"parts": [{"text": "dog"}]}]}
        assert api.post(f"{FLASH}:countTokens", json=body).status_code == 200
        assert api.get("/v1/models").status_code == 200


class TestDigests:
    def picture(self) -> Image.Image:
        image = Image.linear_gradient("L").rotate(90).resize((64, 48)).convert("RGB")
        ImageDraw.Draw(image).rectangle((20, 10, 40, 30), fill=(200, 30, 30))
        return image

    def test_as_the_library_imagehash_has_it(self) -> None:
        # recorded: imagehash.dhash of ImageHash 4.3.2 for these two pictures
        out = io.BytesIO()
        self.picture().save(out, "PNG")
        assert f"{dhash(out.getvalue()):016x}" == "ffffefefefffffff"
        assert f"{dhash(other('red')):016x}" == "303a5a3a20882000"

    def test_distance(self) -> None:
        assert distance(0b1011, 0b0110) == 3


class TestExpressions:
    @pytest.mark.parametrize(
        "pattern", ["(a+)+$", "(a|a)*$", "(?:a?){900}a{900}x", "(.*)*x", "([a-z]+)*[0-9]"]
    )
    def test_none_runs_away(self, pattern) -> None:
        start = time.perf_counter()
        found(pattern, "a" * 10 * MAX_TEXT_CHARS + "!", ignore_case=False)
        assert time.perf_counter() - start < 5  # with a backtracking engine: longer than anyone waits

    @pytest.mark.parametrize(
        ("pattern", "told"),
        [
            ("(", "unclosed group"),
            ("a(?=b)", "look-around"),
            (r"(a)\1", "backreferences are not supported"),
            (r"(\w{100}){100}", "exceeds size limit"),
            ("a" * (MAX_PATTERN_CHARS + 1), "at most 1000 characters"),
        ],
    )
    def test_what_it_does_not_know_is_refused_at_once(self, scripts, pattern, told) -> None:
        with pytest.raises(InvalidScript, match=told) as caught:
            scripts.add(when={"text": {"regex": pattern}}, answer="x")
        assert caught.value.problems[0].where == "scripts[0].when.text.regex"

    def test_so_much_of_a_text_is_searched(self) -> None:
        assert found("b", "a" * (MAX_TEXT_CHARS - 1) + "b", ignore_case=False)
        assert not found("b", "a" * MAX_TEXT_CHARS + "b", ignore_case=False)
