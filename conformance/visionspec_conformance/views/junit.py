"""JUnit XML: a suite per run, a case per check; what CI systems show without being taught."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visionspec_conformance.report import Footer, Header, Result

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = {"failed": "failure", "untestable": "failure", "error": "error", "skipped": "skipped"}


def render(runs: Sequence[tuple[Header, Sequence[Result], Footer | None]]) -> str:
    """The runs as one document. A warning or a note passes and says so in ``system-out``."""
    root = ET.Element("testsuites")
    for header, results, footer in runs:
        suite = ET.SubElement(
            root,
            "testsuite",
            name=f"visionspec {header.judged.kind} {header.judged.address}",
            timestamp=header.started.removesuffix("Z"),
            tests=str(len(results)),
            failures=str(sum(_tag(result) == "failure" for result in results)),
            errors=str(sum(_tag(result) == "error" for result in results) + (footer is None)),
            skipped=str(sum(_tag(result) == "skipped" for result in results)),
            time=f"{sum(result.duration_s for result in results):.3f}",
        )
        for result in results:
            _case(suite, result)
        if footer is None:
            case = ET.SubElement(suite, "testcase", classname="visionspec", name="the run ended")
            ET.SubElement(case, "error", message="the report has no footer: the run did not end")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _tag(result: Result) -> str | None:
    return "skipped" if result.known else _TAG.get(result.outcome)


def _case(suite: ET.Element, result: Result) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=result.rule,
        name=_clean(result.check),
        time=f"{result.duration_s:.3f}",
    )
    said = _clean(f"{result.outcome}: {result.reason}" if result.reason else result.outcome)
    if tag := _tag(result):
        element = ET.SubElement(case, tag, message=said)
        element.text = _clean(
            f"{result.rule} ({result.level}, {result.status}): {result.text}\n"
            f"source: {'; '.join(result.source)}\nrepeat: {result.repeat}"
        )
    elif result.outcome != "passed":
        ET.SubElement(case, "system-out").text = said


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
