"""The project's sessions. ``nox`` alone runs all that must be green; each installs what it needs itself."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2026.10"
nox.options.sessions = [
    "lint",
    "types",
    "tests",
    "sdk",
    "libraries",
    "openapi",
    "conformance",
    "build",
    "demo",
]
nox.options.error_on_missing_interpreters = True
nox.options.reuse_venv = "yes"
# While one session installs or waits, another has the processor.
nox.options.allow_parallel = True
nox.options.parallel = 2

# Hundreds of tests start processes; none of them should have to compile every file again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).parent
# What needs an environment of its own to be imported.
ELSEWHERE = ("--ignore=tests/sdk", "--ignore=tests/openapi")
PROJECT = nox.project.load_toml("pyproject.toml")


def _install(session: nox.Session, group: str, *, extra: str = "all") -> None:
    session.install("-e", f".[{extra}]", *nox.project.dependency_groups(PROJECT, group))


def _node(session: nox.Session, folder: str, *options: str) -> None:
    """Install what programs in JavaScript import; node and npm come with the session's own wheel."""
    quiet = ("--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
    session.run("npm", "install", *quiet, *options, "--prefix", str(ROOT / folder))


def _older_python_sdk(session: nox.Session) -> None:
    """Two versions of one package do not fit into one environment."""
    home = ROOT / "tests/sdk/python/.venv-2.34.0"
    if not home.is_dir():
        session.run("python", "-m", "venv", str(home))
    python = str(home / "bin/python")
    session.run(python, "-m", "pip", "install", "-q", "google-genai==2.34.0", "pillow", external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, and who may import whom."""
    _install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """Strict mypy, then pyright."""
    _install(session, "types")
    session.run("mypy")
    session.run("pyright", "--warnings")


@nox.session
def tests(session: nox.Session) -> None:
    """Everything but the SDKs, with branch coverage and its floor; then the properties with many more examples."""
    _install(session, "tests")
    session.run(
        "pytest",
        "-m",
        "not sdk and not controls",
        *ELSEWHERE,
        "-n",
        "auto",
        "--cov",
        "--cov-report=term",
        *session.posargs,
        env={"HYPOTHESIS_PROFILE": "quick"},
    )
    _properties(session)


@nox.session(name="property", default=False)
def property_(session: nox.Session) -> None:
    """The properties alone, with many more examples."""
    _install(session, "tests")
    _properties(session)


def _properties(session: nox.Session) -> None:
    deep = {"HYPOTHESIS_PROFILE": "deep"}
    session.run("pytest", "-m", "prop", *ELSEWHERE, "-n", "auto", *session.posargs, env=deep)


@nox.session
def sdk(session: nox.Session) -> None:
    """The official SDKs over real sockets: Python and JavaScript, Go and Java where their tools are."""
    _install(session, "sdk")
    for folder in ("tests/sdk/js", "tests/sdk/samples/javascript"):
        _node(session, folder)
    _older_python_sdk(session)
    session.run(
        "pytest",
        "tests/sdk",
        "tests/readme",
        "tests/rules/test_tokens.py",
        "-m",
        "sdk",
        "--ignore=tests/sdk/libraries",
        "-n",
        "2",
        *session.posargs,
    )


@nox.session
def libraries(session: nox.Session) -> None:
    """Libraries that are built on the API, but for those that are heaviest to install."""
    light = "not llama and not haystack and not dspy and not genkit and not litellm and not agno"
    _libraries(session, "libraries", "--omit=optional", only=light)


@nox.session(default=False)
def libraries_all(session: nox.Session) -> None:
    """All of them: a gigabyte to install."""
    _libraries(session, "libraries-all")


def _libraries(session: nox.Session, group: str, *npm: str, only: str = "") -> None:
    _install(session, group)
    _node(session, "tests/sdk/libraries/js", *npm)
    session.run("pytest", "tests/sdk/libraries", "-n", "2", "-k", only, *session.posargs)


@nox.session
def openapi(session: nox.Session) -> None:
    """Schemathesis over spec/openapi.json, against the server on a real socket."""
    _install(session, "openapi")
    session.run("pytest", "tests/openapi", "-n", "2", "--dist", "worksteal", *session.posargs)


@nox.session
def conformance(session: nox.Session) -> None:
    """Judge our server, our rules, our client and the SDKs; then every broken rule has to be caught."""
    _install(session, "sdk")
    _node(session, "tests/sdk/js")
    server = 'exec visionspec check server --url "$GOOGLE_GEMINI_BASE_URL"'
    session.run("visionspec", "run", "--", "sh", "-c", server)
    session.run("visionspec", "check", "rules", "--", "python", "-m", "visionspec_conformance.rules.adapter")
    session.run("visionspec", "check", "rules", "--", "node", "tests/conformance/adapter.mjs")
    session.run(
        "pytest", "tests/conformance", "-m", "controls", "-n", "auto", "--dist", "worksteal", *session.posargs
    )


@nox.session(reuse_venv=False)
def build(session: nox.Session) -> None:
    """Build sdist and wheel, install the wheel into an empty environment, use it from another folder."""
    session.install(*nox.project.dependency_groups(PROJECT, "build"))
    elsewhere = Path(session.create_tmp()).resolve()
    dist = elsewhere / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(dist), str(ROOT))
    (wheel,) = dist.glob("*.whl")
    session.run("python", str(ROOT / "tests/packaging/inspect_wheel.py"), str(wheel))
    session.install(f"visionspec[mockserver] @ {wheel.as_uri()}")
    with session.chdir(elsewhere):
        session.run("visionspec", "rules", "--json", silent=True)
        session.run("visionspec", "demo", "--out", "pictures")


@nox.session(venv_backend="none")
def demo(session: nox.Session) -> None:
    """The README's command 1 as it is written there, in a copy of this folder as a clone would hold it."""
    clone = Path(session.create_tmp()).resolve() / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    ignored = shutil.ignore_patterns(
        ".git", ".nox", ".venv*", "node_modules", "__pycache__", ".*_cache", "visionspec-demo"
    )
    shutil.copytree(ROOT, clone, ignore=ignored)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = re.search(r"<!-- command 1 -->\n```bash\n(.+)\n```", readme)[1]
    with session.chdir(clone):
        session.run("bash", "-euo", "pipefail", "-c", command, external=True)


@nox.session(default=False)
def spec(session: nox.Session) -> None:
    """Write what spec/ derives from the models: schemas, OpenAPI and manifest."""
    _install(session, "tests")
    session.run("python", "tests/spec/generate.py")


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Break rules and protocol in thousands of small ways; 95 % have to fail a test. Half an hour."""
    _install(session, "mutation")
    tools = ROOT / "tests/mutation"
    folder = Path(session.create_tmp()).resolve() / "mutation"
    session.run("python", str(tools / "prepare.py"), str(folder))
    env = {"HYPOTHESIS_PROFILE": "mutation"}
    with session.chdir(folder):
        # mutmut writes all mutants and finds out who tests what before it runs the few that are named.
        session.run("mutmut", "run", "visionspec.rules.names.*", env=env, silent=True)
    with session.chdir(folder / "mutants"):
        tests = ("-m", "not sdk", "tests/rules", "tests/protocol")
        env["PYTHONPATH"] = os.pathsep.join(["src", str(tools)])
        session.run("pytest", "-q", "-p", "decide", "-p", "no:cacheprovider", *tests, env=env)
    with session.chdir(folder):
        session.run("python", str(tools / "report.py"))


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Ratios against named peers; prints, never asserts."""
    _install(session, "tests")
    for script in sorted((ROOT / "tests/benchmarks").glob("bench_*.py")):
        session.run("python", str(script), env={"PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0")})
