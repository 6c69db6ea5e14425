"""spec/ needs no Python: a JavaScript and a Go program that were written from it alone pass its vectors."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest

from visionspec import spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
Change: TypeAlias = dict[str, Any]  # what becomes of some keys of a case
# What the issue asks for at least; a program may say of any other function that it is not implemented.
DEMANDED = {
    "image_tokens", "tile_grid", "patch_grid", "video_frame_tokens", "video_tokens", "pdf_page_tokens",
    "family_of", "check_resolution", "to_pixels", "to_norm", "point_to_pixels", "polygon_to_pixels", "clip",
    "sort_corners", "to_displayed", "to_stored", "check_image_count", "check_inline_size", "check_pdf",
    "check_url_input", "check_file_size", "check_file_id", "page_size", "sniff", "check_declared",
    "sse.decode",
}  # fmt: skip
LINE = re.compile(
    r"(?P<file>\S+\.json) +(?P<function>\S+) +"
    r"(?:(?P<passed>\d+) passed +(?P<noted>\d+) noted +(?P<failed>\d+) failed"
    r"|not implemented here \((?P<cases>\d+) cases\))"
)


class Run(NamedTuple):
    """How a program ended, what it said, and that by name of the vector file."""

    code: int
    output: str
    files: dict[str, dict[str, str | None]]

    def count(self, file: str) -> tuple[int, int, int]:
        passed, noted, failed = (int(self.files[file][name] or 0) for name in ("passed", "noted", "failed"))
        return passed, noted, failed


@pytest.fixture(scope="session", params=["javascript", "go"])
def command(
    request: pytest.FixtureRequest, tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    if request.param == "javascript":
        return [tool("node"), str(HERE / "javascript" / "consume.mjs")]
    binary = tmp_path_factory.mktemp("go") / "consume"
    # The standard library and this machine's toolchain are all that it needs: nothing may be fetched.
    offline = {"GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": ""}
    if not os.environ.get("HOME"):
        offline["GOCACHE"] = str(tmp_path_factory.mktemp("go-cache"))
    subprocess.run(
        [tool("go"), "build", "-o", binary, "."], cwd=HERE / "go", env=os.environ | offline, check=True
    )
    return [str(binary)]


@pytest.fixture
def consume(command: list[str]) -> Callable[[Path], Run]:
    def run(folder: Path) -> Run:
        done = subprocess.run(
            [*command, str(folder)], capture_output=True, text=True, encoding="utf-8", timeout=60, check=False
        )
        files = {found["file"]: found.groupdict() for found in LINE.finditer(done.stdout)}
        return Run(done.returncode, done.stdout + done.stderr, files)

    return run


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """A copy of the vectors, to be damaged."""
    return Path(shutil.copytree(spec.directory() / "vectors", tmp_path / "vectors"))


@pytest.fixture
def damaged(consume: Callable[[Path], Run], vectors: Path) -> Callable[[str, str, Change], Run]:
    """Put a changed copy of a case beside it, and see what a program says to that."""

    def run(file: str, case_id: str, change: Change) -> Run:
        path = vectors / file
        document = json.loads(path.read_text(encoding="utf-8"))
        (case,) = (case for case in document["cases"] if case["id"] == case_id)
        path.write_text(
            json.dumps(document | {"cases": [*document["cases"], case | change]}), encoding="utf-8"
        )
        return consume(vectors)

    return run


def test_the_vectors_pass_and_no_file_is_passed_over(consume: Callable[[Path], Run]) -> None:
    run = consume(spec.directory() / "vectors")
    assert run.code == 0, run.output
    assert {name.removesuffix(".json") for name in run.files} == set(spec.vectors())
    for name, file in spec.vectors().items():
        said = run.files[f"{name}.json"]
        assert said["function"] == file.function
        if said["cases"] is None:
            assert run.count(f"{name}.json") == (len(file.cases), 0, 0)
        else:
            assert file.function not in DEMANDED
            assert int(said["cases"]) == len(file.cases)


def test_every_case_is_judged(consume: Callable[[Path], Run], vectors: Path) -> None:
    """With nothing but wrong expectations nothing passes: acceptable cases are noted, all others fail."""
    for path in vectors.glob("*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        for case in document["cases"]:
            case["expected"] = {"error": "Damaged"}
        path.write_text(json.dumps(document), encoding="utf-8")
    run = consume(vectors)
    assert run.code == 1
    for name, file in spec.vectors().items():
        if run.files[f"{name}.json"]["cases"] is None:
            acceptable = sum(case.result == "acceptable" for case in file.cases)
            assert run.count(f"{name}.json") == (0, acceptable, len(file.cases) - acceptable), name


@pytest.mark.parametrize(
    ("case", "change", "said"),
    [
        (
            "tile_grid document-960x540 tokens.tile-count",
            {"expected": {"columns": 3, "rows": 2, "tiles": 7, "unit_px": 360}},
            '"tiles":6',
        ),
        (
            "tile_grid document-960x540 tokens.tile-count",
            {"expected": {"columns": 3, "rows": 2, "tiles": 6}},
            '"unit_px":360',
        ),
        (
            "patch_grid one-patch tokens.patch-grid",
            {"expected": {"columns": 1, "rows": 1, "tokens": 1}},
            '{"columns":1,"rows":1}',
        ),
        ("to_pixels order boxes.order", {"expected": [50, 50, 150, 250]}, "got [50,50,250,150]"),
        ("to_pixels order boxes.order", {"expected": [50, 50, 250, 150, 0]}, "got [50,50,250,150]"),
        (
            "to_pixels enormous boxes.to-pixels",
            {"expected": [0, 0, 10000000000000, 20000000000001]},
            "got [0,0,10000000000000,20000000000000]",
        ),
        (
            "to_pixels floor boxes.to-pixels",
            {"result": "invalid", "expected": {"error": "InvalidBox"}},
            "got [0,0,99,99]",
        ),
        ("check_file_id forty-one limits.file-id", {"result": "valid", "expected": None}, "LimitExceeded"),
        ("check_file_id forty-one limits.file-id", {"expected": {"error": "InvalidInput"}}, "LimitExceeded"),
        ("in_range inside boxes.range", {"expected": 1}, "got true"),
    ],
)
def test_a_damaged_case_fails_and_names_its_rule(
    damaged: Callable[[str, str, Change], Run], case: str, change: Change, said: str
) -> None:
    name, case_id, rule = case.split()
    run = damaged(f"{name}.json", case_id, change)
    assert run.code == 1
    assert sum(run.count(file)[2] for file in run.files) == run.count(f"{name}.json")[2] == 1
    (line,) = (line for line in run.output.splitlines() if "failed:" in line)
    assert line.startswith(f"  failed: {rule} {case_id}: expected ")
    assert said in line


@pytest.mark.parametrize("expected", [[0, 0, 0, 0], {"error": "InvalidBox"}])
def test_another_reading_is_noted_and_no_failure(
    damaged: Callable[[str, str, Change], Run], expected: object
) -> None:
    run = damaged("to_pixels.json", "below-zero", {"expected": expected})
    assert run.code == 0
    assert run.count("to_pixels.json")[1:] == (1, 0)
    assert "  noted: boxes.to-pixels below-zero: expected " in run.output


@pytest.mark.parametrize(
    ("change", "said"),
    [({"result": "perhaps"}, "no result is called"), ({"input": None}, "boxes.clip inside: ")],
)
def test_a_case_that_cannot_be_judged_is_no_pass(
    damaged: Callable[[str, str, Change], Run], change: Change, said: str
) -> None:
    run = damaged("clip.json", "inside", change)
    assert run.code == 1
    assert said in run.output


def test_an_unknown_function_is_not_implemented(consume: Callable[[Path], Run], vectors: Path) -> None:
    new = {"function": "count_teeth", "description": "", "cases": [{"id": "one"}]}
    (vectors / "new.json").write_text(json.dumps(new), encoding="utf-8")
    run = consume(vectors)
    assert run.code == 0
    assert run.files["new.json"]["cases"] == "1"


def test_a_folder_without_vectors_fails(consume: Callable[[Path], Run], tmp_path: Path) -> None:
    run = consume(tmp_path)
    assert run.code == 1
    assert "no case was judged" in run.output


def test_a_missing_toolchain_fails_on_the_ci_machine(
    tool: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="node is not on PATH"):
        tool("node")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="node is not on PATH"):
        tool("node")


def _values(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for one in value:
            yield from _values(one)
    else:
        yield value


def test_every_parser_reads_the_same_numbers_and_texts() -> None:
    """What spec/README.md promises: no number past 2^53; nor NaN, nor half of a surrogate pair."""
    for path in (spec.directory() / "vectors").glob("*.json"):
        for value in _values(json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)):
            if isinstance(value, int | float):
                assert abs(value) <= 2**53, path.name
            elif isinstance(value, str):
                value.encode()


def test_the_readme_explains_every_kind_of_error() -> None:
    table = re.findall(
        r"^\| `([A-Z]\w+)` \|", (spec.directory() / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    used = {
        case.expected["error"]
        for file in spec.vectors().values()
        for case in file.cases
        if case.result == "invalid"
    }
    assert sorted(table) == sorted(used)
