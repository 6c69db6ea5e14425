"""What decides a rule: functions, vectors and conformance checks, each read from where it stands."""

from __future__ import annotations

import ast
import functools
import importlib
import pkgutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from visionspec import _registry, spec

if TYPE_CHECKING:
    from collections.abc import Iterator


@functools.cache
def functions() -> dict[str, list[str]]:
    """Rule id -> dotted names of functions, after importing every room that registers some."""
    for package in ("visionspec.rules", "visionspec.protocol"):
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(module.name)
    return dict(_registry.functions())


@functools.cache
def vectors() -> dict[str, list[str]]:
    """Rule id -> ``FILE/CASE`` of the vectors that decide it."""
    found: dict[str, list[str]] = {}
    for name, file in spec.vectors().items():
        for case in file.cases:
            found.setdefault(case.rule, []).append(f"{name}/{case.id}")
    return found


@functools.cache
def checks() -> dict[str, list[str]]:
    """Rule id -> ``FILE::TEST`` of the conformance checks marked ``@pytest.mark.rule("id")``.

    They are read as source, so that neither pytest nor a target is needed to list them.
    """
    suite = find_spec("visionspec_conformance")
    found: dict[str, list[str]] = {}
    for root in (suite.submodule_search_locations or []) if suite else []:
        for path in sorted(Path(root).rglob("check_*.py")):
            for rule_id, test in _marked(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(rule_id, []).append(f"{path.relative_to(root).as_posix()}::{test}")
    return found


def _marked(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.rule":
                for argument in decorator.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value, node.name
