"""The page over the log: what is served, to whom, and that nothing in it can run or comes from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import visionspec_mockserver

if TYPE_CHECKING:
    import httpx

FOLDER = Path(visionspec_mockserver.__file__).parent / "inspector"
FILES = {
    "": "text/html; charset=utf-8",
    "inspector.css": "text/css; charset=utf-8",
    "inspector.js": "text/javascript; charset=utf-8",
}


@pytest.mark.parametrize("name", FILES)
class TestFiles:
    def test_it_is_served(self, api: httpx.Client, name: str) -> None:
        answer = api.get(f"/_mock/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == FILES[name]
        assert answer.content == (FOLDER / (name or "index.html")).read_bytes()
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_nothing_but_its_own_files_may_run(self, api: httpx.Client, name: str) -> None:
        told = api.get(f"/_mock/{name}").headers["content-security-policy"].split("; ")
        policy = dict(one.split(" ", 1) for one in told)
        assert policy["default-src"] == "'none'"
        assert {policy[kind] for kind in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
        assert policy["frame-ancestors"] == "'none'"
        assert policy["base-uri"] == "'none'"

    def test_not_by_a_foreign_name(self, api: httpx.Client, name: str) -> None:
        assert api.get(f"/_mock/{name}", headers={"host": "example.com"}).status_code == 403


def test_the_address_without_a_slash_leads_there(api: httpx.Client) -> None:
    answer = api.get("/_mock", follow_redirects=True)
    assert answer.headers["content-type"] == FILES[""]


@pytest.mark.parametrize("name", ["../core.py", "..%2fcore.py", "index.html.bak", "inspector/inspector.js"])
def test_no_other_file_is_served(api: httpx.Client, name: str) -> None:
    assert api.get(f"/_mock/{name}").status_code == 404


@pytest.mark.parametrize("name", ["index.html", "inspector.css", "inspector.js"])
def test_it_needs_no_network(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    found = re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}\S*", text)
    assert found == (['http://www.w3.org/2000/svg",'] if name == "inspector.js" else [])
    assert "@import" not in text


def test_the_page_makes_no_markup_of_what_it_is_given() -> None:
    text = (FOLDER / "inspector.js").read_text(encoding="utf-8")
    for sink in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "DOMParser",
        "srcdoc",
    ):
        assert sink not in text


def test_the_page_has_nothing_inline() -> None:
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert not re.findall(r"<style|\sstyle=|\son\w+=|<script(?! src=)", text)
