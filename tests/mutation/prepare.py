"""Copy what mutmut needs into a folder, with every decorator written out.

mutmut leaves decorated functions alone, and nearly every public function of ``rules`` is marked with the rule that it
decides. ``@d def f`` and ``def f; f = d(f)`` mean the same, so the copy says the second and nothing is left out.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import libcst as cst

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("src", "spec", "tests/conftest.py", "tests/rules", "tests/protocol")
MUTATED = ("src/visionspec/rules", "src/visionspec/protocol")
SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/visionspec/rules/*", "src/visionspec/protocol/*"]
also_copy = ["spec"]
pytest_add_cli_args_test_selection = ["tests/rules", "tests/protocol"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-m", "not sdk"]
timeout_multiplier = 5.0
timeout_constant = 5.0
"""


class WriteOutDecorators(cst.CSTTransformer):
    """``@d1 @d2 def f`` becomes ``def f`` and ``f = d1(d2(f))``."""

    def leave_FunctionDef(  # noqa: N802 - libcst's name
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.FlattenSentinel[cst.BaseStatement]:
        del original_node
        if not updated_node.decorators:
            return updated_node
        value: cst.BaseExpression = updated_node.name
        for decorator in reversed(updated_node.decorators):
            value = cst.Call(decorator.decorator, [cst.Arg(value)])
        assignment = cst.Assign([cst.AssignTarget(updated_node.name)], value)
        return cst.FlattenSentinel(
            [updated_node.with_changes(decorators=[]), cst.SimpleStatementLine([assignment])]
        )


def main() -> None:
    folder = Path(sys.argv[1])
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for name in MUTATED:
        for path in (folder / name).rglob("*.py"):
            module = cst.parse_module(path.read_text(encoding="utf-8"))
            path.write_text(module.visit(WriteOutDecorators()).code, encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(project + SETTINGS, encoding="utf-8")


if __name__ == "__main__":
    main()
