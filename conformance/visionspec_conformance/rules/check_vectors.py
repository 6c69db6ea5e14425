"""Every vector of ``spec/vectors`` is one check: what is expected is recorded there, not computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from visionspec import spec
from visionspec_conformance.judge import broken, holds, plain
from visionspec_conformance.rules.process import NOT_IMPLEMENTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from visionspec_conformance.rules.process import Adapter


def _cases() -> list[object]:
    return [
        pytest.param(file.function, case, id=f"{name}/{case.id}", marks=pytest.mark.rule(case.rule))
        for name, file in spec.vectors().items()
        for case in file.cases
    ]


@pytest.mark.parametrize(("function", "case"), _cases())
def test_vector(adapter: Adapter, note: Callable[[str], None], function: str, case: spec.Case) -> None:
    answer = adapter.call(function, case.input)
    if answer.error == NOT_IMPLEMENTED:
        pytest.skip(f"adapter does not implement {function}")
    call = f"{function}({plain(case.input)})"
    if case.result == "invalid":
        if answer.error is None:
            broken(f"{call} refused: {plain(case.expected)}", answer.output)
    elif answer.error is not None:
        refused = f"refused with {answer.error}: {answer.message}"
        if case.result == "valid":
            broken(f"{call} = {plain(case.expected)}", refused)
        note(f"another reading than the chosen {plain(case.expected)}: {refused}")
    elif case.result == "valid":
        if not holds(answer.output, case.expected):
            broken(f"{call} = {plain(case.expected)}", answer.output)
    elif not holds(answer.output, case.expected):
        note(f"another reading than the chosen {plain(case.expected)}: {plain(answer.output)}")
