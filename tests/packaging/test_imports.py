"""What an import costs, and what a missing extra says; each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

HEAVY = {"starlette", "uvicorn", "httpx", "numpy", "PIL", "pydantic", "cv2", "rich"}


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "import visionspec",
        "from visionspec.rules import boxes, limits, media, tokens",
        "from visionspec.cli import group; group.get_command(None, 'tokens')",
    ],
)
def test_a_light_import_stays_light(statement: str) -> None:
    done = run(f"{statement}\nimport sys; print(*(m.partition('.')[0] for m in sys.modules))")
    assert done.returncode == 0, done.stderr
    assert HEAVY & set(done.stdout.split()) == set()


def test_every_public_name_can_be_imported() -> None:
    done = run("import visionspec\nfor name in visionspec.__all__: getattr(visionspec, name)")
    assert (done.returncode, done.stderr) == (0, "")


WITHOUT_STARLETTE = """
    import sys
    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name.partition('.')[0] in ('starlette', 'uvicorn', 'cv2', 'pyjson5'):
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    sys.meta_path.insert(0, Absent())
    sys.argv = ['visionspec', *sys.argv[1:]]
    from visionspec.cli import main
    main()
"""


@pytest.mark.parametrize("arguments", [("serve", "--port", "0"), ("demo",)])
def test_a_missing_extra_is_one_line_that_says_which(arguments: tuple[str, ...]) -> None:
    done = run(WITHOUT_STARLETTE, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "pip install 'visionspec[mockserver]'" in done.stderr
