"""The fixtures in pytest runs of their own, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

MODULE = "visionspec_mockserver.pytest_plugin"
REGISTERED = any(entry.value == MODULE for entry in entry_points(group="pytest11"))

# An application, and what it is tested with: it knows the service by the environment alone.
APP = """
import base64, os
import httpx

def ask(text, image=None, model="gemini-2.5-flash", mime_type="image/png"):
    parts = [{"text": text}]
    if image is not None:
        parts.insert(0, {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(image).decode()}})
    reply = httpx.post(
        os.environ["GOOGLE_GEMINI_BASE_URL"] + f"/v1beta/models/{model}:generateContent",
        headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"]},
        json={"contents": [{"parts": parts}]},
    )
    if reply.status_code != 200:
        return reply.json()["error"]["message"]
    return reply.json()["candidates"][0]["content"]["parts"][0]["text"]
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY", "GOOGLE_API_KEY", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.syspath_prepend(pytester.path)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    pytester.makepyfile(app=APP)
    return pytester


def run(inner: pytest.Pytester, tests: str, *options: str, ini: str = "") -> pytest.RunResult:
    inner.makepyfile(test_inner=textwrap.dedent(tests))
    inner.makepyprojecttoml(f"[tool.pytest.ini_options]\nfilterwarnings = ['error']\n{ini}")
    plugin = () if REGISTERED or MODULE in options else ("-p", MODULE)
    return inner.runpytest_subprocess("-p", "no:cacheprovider", *plugin, *options)


class TestFixtures:
    def test_the_environment_leads_to_an_empty_server_and_back(self, inner: pytest.Pytester) -> None:
        done = run(
            inner,
            """
            import os
            import pytest
            from app import ask

            urls = set()

            @pytest.mark.parametrize("number", range(3))
            def test_each(number, gemini_mock):
                assert gemini_mock.requests == []
                assert gemini_mock.scripts.state()["scripts"] == []
                assert "I was told" not in ask("hello")
                gemini_mock.scripts.add(answer="I was told")
                gemini_mock.faults.add(operation="models.*", error=500)
                assert ask("hello") == "I was told"
                assert [one["path"][-15:] for one in gemini_mock.requests] == ["generateContent"] * 2
                urls.add(gemini_mock.url)
                assert len(urls) == 1

            def test_without():
                assert "GOOGLE_GEMINI_BASE_URL" not in os.environ
                assert "GEMINI_API_KEY" not in os.environ
            """,
        )
        done.assert_outcomes(passed=4)

    def test_time_goes_back(self, inner: pytest.Pytester) -> None:
        done = run(
            inner,
            """
            import datetime, httpx, pytest

            @pytest.mark.parametrize("number", range(2))
            def test_each(number, gemini_mock):
                now = datetime.datetime.fromisoformat(httpx.get(gemini_mock.url + "/_mock/clock").json()["now"])
                assert abs(now - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(hours=1)
                httpx.post(gemini_mock.url + "/_mock/clock", json={"advance_s": 7200})
            """,
        )
        done.assert_outcomes(passed=2)

    def test_servers_of_their_own(self, inner: pytest.Pytester) -> None:
        done = run(
            inner,
            """
            import socket
            from urllib.parse import urlsplit
            import pytest
            from app import ask

            made = []

            def test_settings(gemini_mock, gemini_mock_factory):
                strict = gemini_mock_factory(strict=True, api_keys=("secret",))
                assert "no script" in ask("hello").lower()
                other = gemini_mock_factory()
                assert len({gemini_mock.url, strict.url, other.url}) == 3
                ask("to the last one")
                assert [len(one.requests) for one in (gemini_mock, strict, other)] == [0, 1, 1]
                made.extend([strict, other])

            def test_they_are_gone(gemini_mock):
                for one in made:
                    with pytest.raises(OSError):
                        socket.create_connection(("127.0.0.1", urlsplit(one.url).port), timeout=1)
            """,
        )
        done.assert_outcomes(passed=2)

    def test_settings_of_the_session(self, inner: pytest.Pytester) -> None:
        inner.makeconftest(
            """
            import pytest

            @pytest.fixture(scope="session")
            def gemini_mock_settings():
                return {"scripts": [{"answer": "From the settings."}], "processing_s": 5}
            """
        )
        done = run(
            inner,
            """
            from app import ask

            def test_it(gemini_mock, gemini_mock_factory):
                assert ask("hello") == "From the settings."
                assert gemini_mock.settings.processing_s == gemini_mock_factory().settings.processing_s == 5
            """,
        )
        done.assert_outcomes(passed=1)

    def test_side_by_side(self, inner: pytest.Pytester) -> None:
        done = run(
            inner,
            """
            import os
            import pytest
            from app import ask

            @pytest.mark.parametrize("number", range(12))
            def test_each(number, gemini_mock, record_property):
                gemini_mock.scripts.add(answer=f"answer {number}")
                for _ in range(5):
                    assert ask(f"question {number}") == f"answer {number}"
                gemini_mock.assert_called("generateContent", text=f"question {number}", times=5)
                assert len(gemini_mock.requests) == 5
                with open(os.environ["PYTEST_XDIST_WORKER"], "a") as file:
                    file.write(gemini_mock.url + "\\n")
            """,
            *("-n", "2"),
        )
        done.assert_outcomes(passed=12)
        urls = [set(inner.path.joinpath(name).read_text("utf-8").split()) for name in ("gw0", "gw1")]
        assert [len(one) for one in urls] == [1, 1]
        assert urls[0] != urls[1]


class TestAssertions:
    def test_what_was_sent_instead(self, inner: pytest.Pytester) -> None:
        done = run(
            inner,
            """
            from app import ask
            from PIL import Image
            import io

            def picture():
                out = io.BytesIO()
                Image.new("RGB", (64, 48), "white").save(out, "PNG")
                return out.getvalue()

            def test_met(gemini_mock):
                ask("Where is the cat?", picture())
                ask("Where is the dog?")
                (entry,) = gemini_mock.assert_called("generate*", text="cat", images=1, mime_type="image/png")
                assert entry["images"][0]["width_px"] == 64
                gemini_mock.assert_called(times=2, status=200, model="gemini-2.5-*")
                gemini_mock.assert_called("upload.*", times=0)

            def test_unmet(gemini_mock):
                ask("Where is the cat?", picture())
                ask("Where is the dog?")
                gemini_mock.assert_called("generateContent", text="cow", images=1)

            def test_too_often(gemini_mock):
                ask("Where is the cat?")
                ask("Where is the dog?")
                gemini_mock.assert_called(text="cat", times=2)

            def test_nothing(gemini_mock):
                gemini_mock.assert_called("interactions.create")
            """,
        )
        done.assert_outcomes(passed=1, failed=3)
        done.stdout.fnmatch_lines_random(
            [
                "E *: wanted at least one request with operation 'generateContent', text 'cow', images 1, got 0; all *",
                "E *   1  generateContent gemini-2.5-flash 200",
                "E *        text: wanted 'cow', got 'Where is the cat?'",
                "E *        images: wanted 1, got 0",
                "E * AssertionError: wanted 2 requests with text 'cat', got 1; all that came:",
                "E *   1  generateContent gemini-2.5-flash 200  - this is one",
                "E *: wanted at least one request with operation 'interactions.create'; none came",
            ]
        )
        done.stdout.no_fnmatch_line("*asserting.py*")  # the traceback ends in the test

    def test_findings(self, inner: pytest.Pytester) -> None:
        done = run(
            inner,
            """
            from app import ask

            def test_fine(gemini_mock):
                ask("hello")
                gemini_mock.assert_no_findings("MAY")

            def test_not_fine(gemini_mock):
                ask("hello", b"x", mime_type="image/jpg")
                gemini_mock.assert_no_findings()

            def test_ignored(gemini_mock):
                ask("hello", b"x", mime_type="image/jpg")
                gemini_mock.assert_no_findings(ignore=[one.finding.rule for one in gemini_mock.findings()])
            """,
        )
        done.assert_outcomes(passed=2, failed=1)
        done.stdout.fnmatch_lines(
            ["E *MUST media.declared-type: Unsupported MIME type: image/jpg *image/jpeg*"]
        )


class TestOptions:
    TESTS = """
        from app import ask

        def test_it(gemini_mock):
            print("said:", ask("Where is the cat?"))
            print("said:", ask("Something else"))
        """
    SCRIPT = "scripts:\n  - when: {text: cat}\n    answer: On the mat.\n"

    def test_on_the_command_line(self, inner: pytest.Pytester) -> None:
        inner.path.joinpath("cat.yaml").write_text(self.SCRIPT, "utf-8")
        done = run(inner, self.TESTS, "-s", "--gemini-mock-script=cat.yaml", "--gemini-mock-strict")
        done.assert_outcomes(passed=1)
        done.stdout.fnmatch_lines(
            ["*said: On the mat.", "said:*no script answers*", "*text.contains: wanted 'cat'*"]
        )

    def test_in_pyproject(self, inner: pytest.Pytester) -> None:
        inner.mkdir("scripts").joinpath("cat.yaml").write_text(self.SCRIPT, "utf-8")
        ini = "gemini_mock_script = ['scripts/cat.yaml']\ngemini_mock_strict = true\n"
        done = run(inner, self.TESTS, "-s", "--rootdir=.", ini=ini)
        done.assert_outcomes(passed=1)
        done.stdout.fnmatch_lines(
            ["*said: On the mat.", "said:*no script answers*", "*text.contains: wanted 'cat'*"]
        )

    def test_a_script_that_is_not_there(self, inner: pytest.Pytester) -> None:
        done = run(inner, self.TESTS, "--gemini-mock-script=none.yaml")
        done.assert_outcomes(errors=1)
        done.stdout.fnmatch_lines(["*none.yaml*"])

    JUDGED = """
        from app import ask

        def test_unwise(gemini_mock):
            ask("hello", b"x", mime_type="image/jpg")

        def test_made(gemini_mock_factory):
            gemini_mock_factory()
            ask("hello", b"x", mime_type="image/jpg")

        def test_fine(gemini_mock):
            ask("hello")

        def test_another():
            pass
        """

    @pytest.mark.parametrize(
        ("options", "ini"),
        [(["--gemini-mock-findings=SHOULD"], ""), ([], "gemini_mock_findings = 'MUST'\n")],
    )
    def test_every_test_is_judged(self, inner: pytest.Pytester, options: list[str], ini: str) -> None:
        done = run(inner, self.JUDGED, *options, ini=ini)
        done.assert_outcomes(passed=2, failed=2)
        done.stdout.fnmatch_lines(["*AssertionError: * findings about the requests:"])

    def test_rules_that_do_not_count(self, inner: pytest.Pytester) -> None:
        ini = "gemini_mock_findings = 'MUST'\ngemini_mock_ignore = ['media.declared-type', 'media.corrupt', "
        done = run(inner, self.JUDGED, ini=f"{ini}'media.supported-types', 'media.truncated']\n")
        done.assert_outcomes(passed=4)

    def test_a_level_that_is_none(self, inner: pytest.Pytester) -> None:
        done = run(inner, self.JUDGED, ini="gemini_mock_findings = 'must'\n")
        assert done.ret == pytest.ExitCode.USAGE_ERROR
        done.stderr.fnmatch_lines(["*gemini_mock_findings = 'must': choose from MUST, SHOULD, MAY*"])

    @pytest.mark.parametrize(
        ("options", "ini"), [(["--gemini-mock-unfired"], ""), ([], "gemini_mock_unfired = true\n")]
    )
    def test_a_fault_that_never_happened(self, inner: pytest.Pytester, options: list[str], ini: str) -> None:
        tests = """
            from app import ask

            def test_happens(gemini_mock):
                gemini_mock.faults.add(operation="generateContent", error=500, times=1)
                ask("hello")
                gemini_mock.assert_called(status=500, times=1)

            def test_never(gemini_mock):
                gemini_mock.faults.add(name="late", operation="generateContent", error=500)

            def test_fails_by_itself(gemini_mock):
                gemini_mock.faults.add(error=500)
                assert 1 == 2
            """
        done = run(inner, tests, *options, ini=ini)
        done.assert_outcomes(passed=1, failed=2)
        done.stdout.fnmatch_lines(["*faults were planned that did not happen:", "*late: 0 of at least 1*"])
        done.stdout.fnmatch_lines(["*assert 1 == 2"])


class TestLight:
    def test_a_run_without_the_fixtures_loads_nothing(
        self, inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others may load what they like
        done = run(
            inner,
            """
            import sys

            def test_it():
                heavy = {"starlette", "uvicorn", "httpx", "numpy", "PIL", "pydantic", "cv2", "asyncio"}
                assert heavy & set(sys.modules) == set()
                assert [one for one in sys.modules if one.startswith("visionspec")] == [
                    "visionspec_mockserver", "visionspec_mockserver.pytest_plugin"
                ]
            """,
            *("-p", MODULE),
        )
        done.assert_outcomes(passed=1)

    def test_it_costs_less_than_5_ms(self) -> None:
        """Of the processor, best of several, in processes that have pytest already, as every run has."""
        code = (
            "import pytest, time; start = time.process_time(); "
            f"import {MODULE}; print((time.process_time() - start) * 1000)"
        )
        times_ms = [
            float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
            for _ in range(7)
        ]
        assert min(times_ms) < 5

    def test_as_an_entry_point(self, inner: pytest.Pytester) -> None:
        metadata = inner.mkdir("plugin_under_test-1.dist-info")
        metadata.joinpath("METADATA").write_text(
            "Metadata-Version: 2.1\nName: plugin-under-test\nVersion: 1\n"
        )
        metadata.joinpath("entry_points.txt").write_text(f"[pytest11]\nsome_name = {MODULE}\n")
        inner.makepyfile(test_inner="def test_it(gemini_mock):\n    assert gemini_mock.requests == []\n")
        done = inner.runpytest_subprocess(
            "-p", "no:cacheprovider", *(["-p", "no:visionspec"] if REGISTERED else [])
        )
        done.assert_outcomes(passed=1)

    def test_without_the_extra_it_is_one_line(self, inner: pytest.Pytester) -> None:
        inner.makeconftest(
            """
            import sys

            class Absent:
                def find_spec(self, name, path=None, target=None):
                    if name.partition(".")[0] in ("starlette", "uvicorn"):
                        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

            sys.meta_path.insert(0, Absent())
            """
        )
        done = run(inner, "def test_it(gemini_mock): pass")
        done.assert_outcomes(errors=1)
        done.stdout.fnmatch_lines(
            ["'*', which the fixture gemini_mock needs, is not installed: pip install*"]
        )


def test_every_option_is_told(inner: pytest.Pytester) -> None:
    done = run(inner, "", "--help")
    assert [
        name
        for name in ("--gemini-mock-script", "--gemini-mock-strict", "--gemini-mock-findings")
        if name not in done.stdout.str()
    ] == []
