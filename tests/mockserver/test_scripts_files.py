"""Scripts in files, over the control plane, from Python and on the command line."""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from visionspec import spec
from visionspec_mockserver import MockServer
from visionspec_mockserver.cli.scripts import command
from visionspec_mockserver.scripts import loading
from visionspec_mockserver.scripts.problems import InvalidScript

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLASH = "/v1/models/gemini-2.5-flash:generateContent"


def ask(client: httpx.Client, text: str = "x", *images: bytes) -> str:
    data = [base64.b64encode(image).decode() for image in images]
    parts = [{"inlineData": {"mimeType": "image/png", "data": one}} for one in data]
    body = {"contents": [{"parts": [*parts, {"text": text}]}]}
    answer = client.post(FLASH, json=body, headers={"x-goog-api-key": "any"}).json()
    return answer["candidates"][0]["content"]["parts"][0]["text"]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., tuple[int, list[str]]]:
    """The exit code and the lines of ``visionspec scripts check`` for a file of this text."""

    def run(text: str, name: str = "s.yaml") -> tuple[int, list[str]]:
        path = write(tmp_path / name, text)
        done = CliRunner().invoke(command, ["check", str(path)], standalone_mode=False)
        assert done.exception is None
        lines = [line.removeprefix(f"{path}:") for line in done.output.splitlines()]
        return done.return_value, lines

    return run


class TestCheck:
    def test_fine(self, check) -> None:
        assert check("- answer: yes please\n- {when: {text: a}, answer: b}\n")[0] == 0
        code, lines = check("scripts:\n- when: {text: a}\n  answer: b\n")
        assert (code, lines) == (0, [" 1 script, 0 faults: fine"])
        assert check("faults:\n- error: 503\n- cut: 5\n")[1] == [" 0 scripts, 2 faults: fine"]

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("- when:\n    txt: a\n  answer: b\n", "2: error: scripts[0].when.txt: unknown field; did you"),
            ("- when: {text: a}\n", "1: error: scripts[0].answer: this field is required"),
            (
                "- answer: a\n\n- answer:\n    text: no\n",
                "4: error: scripts[1].answer.text: input should be a",
            ),
            ("- answer:\n    text: a\n    json: b\n", "2: error: scripts[0].answer: text and json exclude"),
            ("- when:\n    text:\n  answer: a\n", "2: error: scripts[0].when: text: nothing is said"),
            ("- name: a\n  name: b\n  answer: c\n", "2: error: name: this key is here twice"),
            ("- answer: [\n", "2: error: no YAML: "),
            ("scripts:\n- answer: 'a\n", "3: error: no YAML: "),
            ("- answer: {json: 2026-13-45}\n", " error: no YAML: month must be in 1..12"),
            ("- answer: {json: 2026-11-20}\n", "1: error: scripts[0].answer.json: "),
            ("just words\n", " error: a file of scripts is a list of scripts"),
            ("strict: 1\nscript: []\n", "2: error: script: unknown field; did you mean 'scripts'?"),
            (
                "- answer: a\n  times: 0\n",
                "2: error: scripts[0].times: input should be greater than or equal",
            ),
            (
                "- when: {call: {min: 3, max: 2}}\n  answer: a\n",
                "1: error: scripts[0].when.call: min 3 is more",
            ),
            (
                "- when: {image: {like: gone.png}}\n  answer: a\n",
                "1: error: scripts[0].when.image.like: there is",
            ),
            (
                "- {name: a, answer: a}\n- {name: a, answer: b}\n",
                "1: error: scripts 0 and 1 are both named 'a'",
            ),
            (
                "- answer: {items: [{box: [9, 0, 3, 3]}]}\n",
                "1: error: scripts[0].answer.items[0]: box [9, 0, 3,",
            ),
            ("- answer: {items: [{label: a}]}\n", "1: error: scripts[0].answer.items[0]: say where it is"),
            ("- answer: {error: {status: 200}}\n", "1: error: scripts[0].answer.error.status: input should"),
            (
                '- answer: {error: {status: 503, headers: {"a b": c}}}\n',
                "1: error: scripts[0].answer.error.headers: header 'a b' cannot be set so",
            ),
            (
                "- answer: {blocked: SAFETY, text: a}\n",
                "1: error: scripts[0].answer: a blocked prompt has no text",
            ),
            ("- answer: {}\n", "1: error: scripts[0].answer: say one of text, json"),
            ("faults:\n- error: 503\n- eror: 503\n", "3: error: faults[1].eror: unknown field; did you mean"),
            (
                "faults:\n- {error: 503, operation: x}\n",
                "2: error: faults[0].operation: no operation is named",
            ),
        ],
    )
    def test_every_mistake_has_its_line(self, check, text, line) -> None:
        code, lines = check(text)
        assert code == 1
        assert lines[0].startswith(line)

    def test_all_of_them_at_once(self, check) -> None:
        code, lines = check("- answer: a\n  tmes: 1\n- when: {modl: x}\n  answer: b\n")
        assert code == 1
        assert [line.partition(":")[0] for line in lines] == ["2", "3"]

    def test_json_has_lines_too(self, check) -> None:
        text = '[\n\t{"answer": "a"},\n\t{"answr": "\\ud83d\\ude00 b"}\n]\n'
        code, lines = check(text, "s.json")
        assert code == 1
        assert lines[0].startswith("3: error: scripts[1].answer: this field is required")
        code, lines = check('[\n{"answer": a}]', "s.json")
        assert (code, lines[0]) == (1, "2: error: no JSON: Expecting value")
        assert check('{"$schema": "scripts.schema.json", "scripts": [{"answer": "a"}]}', "s.json")[0] == 0

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            (
                "- answer: a\n- when: {text: b}\n  answer: c\n",
                "2: warning: scripts[1]: never answers: scripts[0]",
            ),
            (
                "- when: {after: b}\n  answer: c\n",
                "1: warning: scripts[0]: waits for a script named 'b', and none",
            ),
            (
                "- when: {model: gemini-9}\n  answer: c\n",
                "1: warning: scripts[0]: the server knows no model named",
            ),
        ],
    )
    def test_what_is_hardly_meant(self, check, text, line) -> None:
        code, lines = check(text)
        assert code == 0
        assert lines[0].startswith(line)
        assert lines[-1].endswith("fine")

    @pytest.mark.parametrize(
        "text",
        [
            "- " * 5000 + "a",
            "[" * 100_000,
            "[" * 20_000 + "]" * 20_000,
            "a: &a [*a]\n",
            "a: &a {b: *a}\n",
            "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n"
                for a, b in zip("abcdefgh", "bcdefghi", strict=True)
            ),
        ],
    )
    def test_nothing_hangs(self, check, text) -> None:
        start = time.perf_counter()
        code, _ = check(text)
        assert code == 1
        assert time.perf_counter() - start < 60  # without a limit: minutes, or no end

    def test_bytes_that_are_no_text(self, tmp_path) -> None:
        path = tmp_path / "s.yaml"
        path.write_bytes(b"- answer: \xff\n")
        with pytest.raises(InvalidScript, match="is not UTF-8 at byte 10"):
            loading.load(path)

    def test_json_output(self, tmp_path) -> None:
        path = write(tmp_path / "s.yaml", "- answr: a\n")
        done = CliRunner().invoke(command, ["check", "--json", str(path)], standalone_mode=False)
        assert done.return_value == 1
        (file,) = json.loads(done.output)["files"]
        assert (file["file"], file["scripts"]) == (str(path), 0)
        assert file["findings"][1] == {
            "level": "error",
            "where": "scripts[0].answr",
            "message": "unknown field; did you mean 'answer'?",
            "line": 1,
        }


def test_digest(tmp_path: Path, draw: Callable[..., bytes]) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(draw())
    done = CliRunner().invoke(command, ["digest", "--json", str(path)], standalone_mode=False)
    (one,) = json.loads(done.output)["images"]
    with MockServer() as server, httpx.Client(base_url=server.url) as client:
        for key, text in (("sha256", "same"), ("like", "alike")):
            wanted = one["sha256"] if key == "sha256" else {"dhash": one["dhash"], "distance": 0}
            server.scripts.replace([{"when": {"image": {key: wanted}}, "answer": text}])
            assert ask(client, "x", draw()) == text


class TestSchema:
    @pytest.fixture
    def schema(self) -> Draft202012Validator:
        path = spec.directory() / "schema" / "scripts.schema.json"
        return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))

    @pytest.mark.parametrize(
        "script",
        [
            {"answer": "a"},
            {"when": {"text": "a", "call": 2, "image_count": {"min": 1}}, "answer": {"json": None}},
            {
                "when": {"image": {"like": "a.png", "mime_type": ["image/png"]}},
                "answer": {"blocked": "SAFETY"},
            },
            {"answer": {"chunks": ["a", {"text": "b", "delay_s": 1}], "error": {"status": 503}}, "times": 1},
            {"answer": {"items": [{"box": [0, 0, 1, 1], "mask": {"file": "m.png"}}], "size": [2, 2]}},
            {"when": {"previous": {"script": "a"}, "endpoint": "interactions"}, "answer": "b"},
        ],
    )
    def test_what_is_read_fits_it(self, schema, script) -> None:
        assert list(schema.iter_errors([script])) == []
        assert list(schema.iter_errors({"scripts": [script], "strict": True})) == []

    @pytest.mark.parametrize(
        "script",
        [
            {},
            {"answer": "a", "tmes": 1},
            {"when": {"text": None}, "answer": "a"},
            {"answer": {"text": 5}},
            {"answer": "a", "times": 0},
            {"answer": {"blocked": "safety"}},
        ],
    )
    def test_what_is_refused_does_not(self, schema, script) -> None:
        assert list(schema.iter_errors([script])) != []
        with pytest.raises(InvalidScript):
            loading.validated([script])


class TestFiles:
    def test_paths_are_relative_to_the_file(self, tmp_path, draw) -> None:
        folder = tmp_path / "pictures"
        folder.mkdir()
        (folder / "a.png").write_bytes(draw())
        path = write(
            tmp_path / "s.yaml",
            "- {when: {image: {same_as: pictures/a.png}}, answer: same}\n"
            "- {when: {image: {like: pictures/../pictures/a.png}}, answer: alike}\n",
        )
        with MockServer(scripts=[path]) as server, httpx.Client(base_url=server.url) as client:
            assert ask(client, "x", draw()) == "same"
            assert ask(client, "x", draw(480, 270)) == "alike"

    def test_absolute_paths_are_refused(self, tmp_path, draw) -> None:
        (tmp_path / "a.png").write_bytes(draw())
        for name in (str(tmp_path / "a.png"), "C:\\a.png"):
            path = write(
                tmp_path / "s.yaml", yaml.safe_dump([{"when": {"image": {"like": name}}, "answer": "a"}])
            )
            with pytest.raises(InvalidScript, match="not a path relative"):
                loading.load(path)

    def test_a_broken_one_at_the_start(self, tmp_path) -> None:
        path = write(tmp_path / "s.yaml", "- answer: a\n- anwser: b\n")
        with pytest.raises(InvalidScript, match=r"s\.yaml:2: scripts\[1\].answer: this field is required"):
            MockServer(scripts=[path])

    def test_strict_by_the_file(self, tmp_path) -> None:
        path = write(tmp_path / "s.yaml", "strict: true\nscripts:\n- {when: {text: a}, answer: b}\n")
        with MockServer(scripts=[path]) as server, httpx.Client(base_url=server.url) as client:
            body = {"contents": [{"parts": [{"text": "x"}]}]}
            assert client.post(FLASH, json=body, headers={"x-goog-api-key": "any"}).status_code == 400

    def test_several_in_their_order(self, tmp_path) -> None:
        one = write(tmp_path / "one.yaml", "- {answer: first, times: 1}\n")
        two = write(tmp_path / "two.json", '[{"answer": "second"}]')
        with MockServer(scripts=[one, two]) as server, httpx.Client(base_url=server.url) as client:
            assert [ask(client), ask(client)] == ["first", "second"]
            names = [held["name"] for held in client.get("/_mock/scripts").json()["scripts"]]
            assert names == ["one.yaml#1", "two.json#1"]


class TestReload:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return write(tmp_path / "s.yaml", "- {when: {text: keep}, answer: kept}\n- answer: before\n")

    def test_the_next_question_sees_the_change(self, path, monkeypatch) -> None:
        read: list[Path] = []
        load = loading.load
        monkeypatch.setattr(loading, "load", lambda file: (read.append(file), load(file))[1])
        with MockServer(scripts=[path]) as server, httpx.Client(base_url=server.url) as client:
            assert ask(client) == "before"
            write(path, "- {when: {text: keep}, answer: kept}\n- answer: after!\n")
            assert [ask(client), ask(client)] == ["after!", "after!"]
            assert len(read) == 2  # at the start, and once for the change

    def test_counts_of_what_stayed_the_same_stay(self, path) -> None:
        with MockServer(scripts=[path]) as server, httpx.Client(base_url=server.url) as client:
            assert [ask(client, "keep"), ask(client)] == ["kept", "before"]
            write(path, "- {when: {text: keep}, answer: kept}\n- answer: after!\n")
            used = [held["used"] for held in client.get("/_mock/scripts").json()["scripts"]]
            assert used == [1, 0]

    def test_a_broken_file_keeps_the_scripts_and_says_so(self, path, caplog) -> None:
        with MockServer(scripts=[path]) as server, httpx.Client(base_url=server.url) as client:
            write(path, "- answer: [\n")
            with caplog.at_level(logging.WARNING, "visionspec.scripts"):
                assert ask(client) == "before"
            assert "is broken, its scripts of before stay" in caplog.text
            assert f"{path}:2: no YAML" in caplog.text
            state = client.get("/_mock/scripts").json()
            assert "no YAML" in state["problems"][0]
            write(path, "- answer: mended\n")
            assert ask(client) == "mended"
            assert client.get("/_mock/scripts").json()["problems"] == []

    def test_a_file_that_is_gone_keeps_the_scripts(self, path) -> None:
        with MockServer(scripts=[path]) as server, httpx.Client(base_url=server.url) as client:
            path.unlink()
            assert ask(client) == "before"
            assert "No such file" in client.get("/_mock/scripts").json()["problems"][0]

    def test_an_image_that_changes(self, tmp_path, draw) -> None:
        picture = tmp_path / "a.png"
        picture.write_bytes(draw(300, 200))
        path = write(
            tmp_path / "s.yaml", "- {when: {image: {same_as: a.png}}, answer: same}\n- answer: other\n"
        )
        with MockServer(scripts=[path]) as server, httpx.Client(base_url=server.url) as client:
            assert ask(client, "x", draw(300, 200)) == "same"
            picture.write_bytes(draw(400, 200))
            assert [ask(client, "x", draw(*size)) for size in ((300, 200), (400, 200))] == ["other", "same"]

    def test_what_is_half_written_is_not_read(self, path, monkeypatch) -> None:
        """A writer that goes on while the server waits: the file is read when it stands still."""
        from visionspec_mockserver.scripts import book  # noqa: PLC0415 - here only

        later = ["- answer: half\n", "- answer: whole\n"]
        real = book.anyio.sleep

        async def sleep(delay_s: float) -> None:
            if later:
                write(path, later.pop(0) + "#" * len(later))
            await real(delay_s)

        with MockServer(scripts=[path]) as server, httpx.Client(base_url=server.url) as client:
            read: list[str] = []
            load = loading.load

            def spying(file: Path) -> Any:
                read.append(file.read_text(encoding="utf-8"))
                return load(file)

            monkeypatch.setattr(loading, "load", spying)
            monkeypatch.setattr(book.anyio, "sleep", sleep)
            write(path, "- answer: ha")
            assert ask(client) == "whole"
            assert read == ["- answer: whole\n"]


class TestControl:
    @pytest.fixture
    def control(self, api: httpx.Client, server: MockServer) -> Any:
        yield api
        server.scripts.clear()

    def test_post_get_and_delete(self, control) -> None:
        control.post("/_mock/scripts", json={"name": "a", "when": {"text": "a"}, "answer": "A"})
        control.post("/_mock/scripts", json=[{"answer": "B"}, {"answer": "C"}])
        assert ask(control, "a") == "A"
        state = control.get("/_mock/scripts").json()
        assert [one["used"] for one in state["scripts"]] == [1, 0, 0]
        assert control.get("/_mock/scripts/a").json()["script"]["answer"] == {"text": "A"}
        assert control.delete("/_mock/scripts/a").json() == {}
        assert ask(control, "a") == "B"
        assert control.delete("/_mock/scripts").json()["scripts"] == []

    def test_put_replaces(self, control) -> None:
        control.post("/_mock/scripts", json={"answer": "A"})
        state = control.put("/_mock/scripts", json={"strict": True, "scripts": [{"answer": "B"}]}).json()
        assert (state["strict"], len(state["scripts"])) == (True, 1)
        assert control.put("/_mock/scripts", json=[]).json() == {
            "strict": False,
            "scripts": [],
            "problems": [],
        }

    def test_what_it_shows_can_be_put_again(self, control) -> None:
        script = {
            "when": {"call": 2, "previous": True},
            "answer": {"json": None, "thoughts": "a"},
            "times": 3,
        }
        shown = control.post("/_mock/scripts", json=script).json()["scripts"][0]["script"]
        again = control.put("/_mock/scripts", json=[shown]).json()["scripts"][0]["script"]
        assert again == shown

    @pytest.mark.parametrize(
        "body", [{"answr": "A"}, [{"answer": "A"}, {}], "text", 5, [1], {"scripts": [], "faults": []}]
    )
    def test_what_is_none_is_refused_and_changes_nothing(self, control, body) -> None:
        for method in ("POST", "PUT"):
            response = control.request(method, "/_mock/scripts", json=body)
            assert response.status_code == 400
            assert response.json()["error"]["message"]
        assert control.get("/_mock/scripts").json()["scripts"] == []

    @pytest.mark.parametrize(
        "script",
        [
            {"when": {"image": {"same_as": "a.png"}}, "answer": "A"},
            {"when": {"image": {"like": {"file": "/etc/passwd"}}}, "answer": "A"},
            {"answer": {"items": [{"mask": "../a.png"}]}},
        ],
    )
    def test_no_path_in_a_request_reaches_the_disk(self, control, script, monkeypatch) -> None:
        monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: pytest.fail(f"reads {path}"))
        monkeypatch.setattr("pathlib.Path.stat", lambda path, **_: pytest.fail(f"looks for {path}"))
        response = control.post("/_mock/scripts", json=script)
        assert response.status_code == 400
        assert "only a script that is read from a file can name files" in response.json()["error"]["message"]

    @pytest.mark.parametrize("name", ["none", "../x", "a/b"])
    def test_a_name_that_is_none(self, control, name) -> None:
        assert control.get(f"/_mock/scripts/{name}").status_code == 404
        assert control.delete(f"/_mock/scripts/{name}").status_code == 404

    def test_a_foreign_page_cannot_script(self, control) -> None:
        headers = {"origin": "https://example.com"}
        assert control.post("/_mock/scripts", json={"answer": "A"}, headers=headers).status_code == 403
        assert control.get("/_mock/scripts", headers={"host": "example.com"}).status_code == 403

    def test_reset(self, control) -> None:
        control.put("/_mock/scripts", json={"strict": True, "scripts": []})
        control.post("/_mock/reset")
        assert control.get("/_mock/scripts").json() == {"strict": False, "scripts": [], "problems": []}


def test_the_served_command(tmp_path: Path) -> None:
    path = write(tmp_path / "s.yaml", "- {when: {text: cat}, answer: A cat.}\n")
    arguments = [
        sys.executable,
        "-m",
        "visionspec.cli",
        "serve",
        "--port",
        "0",
        "--script",
        str(path),
        "--strict",
    ]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        try:
            url = process.stdout.readline().split()[-1]
            with httpx.Client(base_url=url) as client:
                assert ask(client, "a cat?") == "A cat."
                body = {"contents": [{"parts": [{"text": "x"}]}]}
                assert client.post(FLASH, json=body, headers={"x-goog-api-key": "any"}).status_code == 400
        finally:
            process.terminate()


def test_the_served_command_with_a_broken_file(tmp_path: Path) -> None:
    path = write(tmp_path / "s.yaml", "- answr: A cat.\n")
    arguments = [sys.executable, "-m", "visionspec.cli", "serve", "--port", "0", "--script", str(path)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"{path}:1: scripts[0].answer: this field is required" in done.stderr
    assert "Traceback" not in done.stderr
