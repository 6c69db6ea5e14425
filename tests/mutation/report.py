"""Print what mutmut found, from the folder it ran in: per file the share killed, then every survivor as a diff.

Exit code 1 if fewer than 95 % were killed or a mutant was not decided.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MUTANTS = Path("mutants")
SOURCE = MUTANTS / "src/visionspec"
FLOOR = 0.95
PYTEST_FAILED, PYTEST_PASSED, NO_TESTS_COVER_IT = 1, 0, (5, 33)


def main() -> int:
    survivors: list[str] = []
    total = undecided = 0
    for meta in sorted(SOURCE.rglob("*.meta")):
        codes: dict[str, int | None] = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        alive = [name for name, code in codes.items() if code in (PYTEST_PASSED, *NO_TESTS_COVER_IT)]
        if not codes:
            continue
        total += len(codes)
        undecided += sum(code is None for code in codes.values())
        survivors += alive
        print(f"{meta.relative_to(SOURCE).with_suffix('')}: {len(codes) - len(alive)} of {len(codes)} killed")
    for name in survivors:
        diff = subprocess.run(["mutmut", "show", name], capture_output=True, text=True, check=True).stdout
        changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        print(f"\nsurvived: {name}", *changed, sep="\n")
    share = 1 - (len(survivors) + undecided) / total
    print(f"\n{share:.2%} of {total} mutants killed, {len(survivors)} survived, {undecided} undecided")
    return 0 if share >= FLOOR and not undecided else 1


if __name__ == "__main__":
    sys.exit(main())
