"""What a test asks a server afterwards, and demands of what it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from visionspec_mockserver.verdict.judging import at_least, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterator

    from starlette.applications import Starlette

    from visionspec.rules.advice import Level
    from visionspec_mockserver.verdict.judging import Judged

Entry = dict[str, Any]

_SHOWN = 20


class Asserting:
    """The part of `MockServer` that is there for tests."""

    app: Starlette
    call: Callable[[Coroutine[Any, Any, None]], None]

    @property
    def requests(self) -> list[Entry]:
        """The log: one entry per request to the API, oldest first, as ``/_mock/log`` shows them."""
        from visionspec_mockserver.journal.pages import page  # noqa: PLC0415 - only for who asks

        found: list[Entry] = page(self.app.state.mock)["requests"]
        return found

    def findings(self, level: Level = "MAY", *, ignore: Collection[str] = ()) -> list[Judged]:
        """What was wrong (MUST), unwise (SHOULD) or could have been better (MAY) about the requests.

        Args:
            level: the weakest that counts.
            ignore: ids of rules that do not count.
        """
        found = at_least(level, self.app.state.mock.verdict.findings())
        return [one for one in found if one.finding.rule not in ignore]

    def reset(self) -> None:
        """Forget files, interactions, the log, and the scripts and faults that were added."""
        self.call(self.app.state.mock.reset())

    def assert_called(
        self,
        operation: str = "*",
        *,
        times: int | None = None,
        model: str | None = None,
        text: str | None = None,
        images: int | None = None,
        mime_type: str | None = None,
        sha256: str | None = None,
        status: int | None = None,
        script: str | None = None,
        fault: str | None = None,
    ) -> list[Entry]:
        """Demand a request of which all that is said here holds; what was sent instead is shown.

        Args:
            operation: generateContent, interactions.create, upload.start ...; ``*`` stands for any characters.
            times: how many such requests; None is at least one.
            model: its name; ``*`` as before.
            text: stands somewhere in what the user's last turn says.
            images: how many.
            mime_type: of one of the images.
            sha256: of one of the images.
            status: of the answer.
            script: the name of the script that answered.
            fault: the name of the fault that happened.

        Returns:
            The entries of these requests in the log.
        """
        __tracebackhide__ = True
        conditions = [
            _Wanted("operation", None if operation == "*" else operation, _globbed),
            _Wanted("model", model, _globbed),
            _Wanted("text", text, _contains),
            _Wanted("images", images, _counts),
            _Wanted("images.mime_type", mime_type, _among),
            _Wanted("images.sha256", sha256, _among),
            _Wanted("status", status, _equals),
            _Wanted("script", script, _equals),
            _Wanted("fault", fault, _equals),
        ]
        wanted = [one for one in conditions if one.value is not None]
        requests = self.requests
        met = [entry for entry in requests if not any(_differences(entry, wanted))]
        if len(met) == times or (times is None and met):
            return met
        raise AssertionError("\n".join(_told(requests, wanted, times, len(met))))

    def assert_no_findings(self, level: Level = "SHOULD", *, ignore: Collection[str] = ()) -> None:
        """Demand that nothing was wrong or unwise about the requests; arguments as of `findings`."""
        __tracebackhide__ = True
        found = self.findings(level, ignore=ignore)
        if found:
            many = f"{len(found)} finding{'' if len(found) == 1 else 's'}"
            raise AssertionError("\n".join([f"{many} about the requests:", *summary(found)]))


class _Wanted(NamedTuple):
    """One condition: the place in an entry, what is wanted there, and how the two are compared."""

    where: str
    value: Any
    compare: Callable[[Any, Any], bool]

    def __str__(self) -> str:
        return f"{self.where} {self.value!r}"


def _globbed(wanted: str, got: str | None) -> bool:
    from visionspec_mockserver.scripts.expressions import globbed  # noqa: PLC0415

    return got is not None and globbed(wanted, got)


def _contains(wanted: str, got: str | None) -> bool:
    return got is not None and wanted in got


def _counts(wanted: int, got: list[Any] | None) -> bool:
    return len(got or ()) == wanted


def _among(wanted: str, got: list[str] | None) -> bool:
    return wanted in (got or ())


def _equals(wanted: object, got: object) -> bool:
    return wanted == got


def _got(entry: Entry, where: str) -> Any:
    name, _, key = where.partition(".")
    value = entry.get(name)
    return [one[key] for one in value or ()] if key else value


def _differences(entry: Entry, wanted: list[_Wanted]) -> Iterator[str]:
    for one in wanted:
        got = _got(entry, one.where)
        if not one.compare(one.value, got):
            shown = len(got or ()) if one.compare is _counts else got
            yield f"{one.where}: wanted {one.value!r}, got {shown!r}"


def _told(requests: list[Entry], wanted: list[_Wanted], times: int | None, met: int) -> Iterator[str]:
    many = "at least one request" if times is None else f"{times} request{'' if times == 1 else 's'}"
    said = " with " + ", ".join(map(str, wanted)) if wanted else ""
    yield f"wanted {many}{said}, got {met}; all that came:" if requests else f"wanted {many}{said}; none came"
    for entry in requests[:_SHOWN]:
        differences = list(_differences(entry, wanted))
        yield f"  {entry['n']}  {_line(entry)}" + ("" if differences else "  - this is one")
        yield from (f"       {one}" for one in differences)
    if len(requests) > _SHOWN:
        yield f"  ... and {len(requests) - _SHOWN} more"


def _line(entry: Entry) -> str:
    called = entry.get("operation") or f"{entry['method']} {entry['path']}"
    status = entry["status"] if entry["status"] is not None else "no answer"
    return " ".join(str(one) for one in (called, entry.get("model"), status) if one is not None)
