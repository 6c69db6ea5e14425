"""Say what is wrong with a built wheel: ``inspect_wheel.py WHEEL``. Exit code 1 if anything is."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

PACKAGES = {"visionspec", "visionspec_mockserver", "visionspec_conformance"}


def problems(names: list[str], spec_files: set[str]) -> list[str]:
    """What ``names``, the members of a wheel, lack or have too much."""
    found = []
    top = {name.split("/")[0] for name in names if not name.split("/")[0].endswith(".dist-info")}
    if top != PACKAGES:
        found.append(f"top-level names are {sorted(top)}, expected {sorted(PACKAGES)}")
    missing = {f"visionspec/_spec/{file}" for file in spec_files} - set(names)
    if missing:
        found.append(f"spec files are missing: {sorted(missing)}")
    found += [
        f"no business in a wheel: {name}" for name in names if "__pycache__" in name or "/tests/" in name
    ]
    return found


def main(wheel: str) -> int:
    """Print every problem."""
    root = Path(__file__).parents[2] / "spec"
    spec_files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        found = problems(archive.namelist(), spec_files)
    print(
        "\n".join(found) or f"{Path(wheel).name}: {len(spec_files)} spec files, packages {sorted(PACKAGES)}"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
