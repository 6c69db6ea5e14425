"""What a server has done, in numbers, for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from visionspec_mockserver.journal.record import headers_of
from visionspec_mockserver.verdict.watching import Recent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from visionspec_mockserver.journal.keeping import Journal
    from visionspec_mockserver.journal.record import Record

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NO_OPERATION = "other"
_OVER = ("final", "cancelled")


@dataclass(slots=True)
class _Tally:
    """What one operation has come to."""

    statuses: Counter[int | None] = field(default_factory=Counter)
    slots: list[int] = field(default_factory=lambda: [0] * (len(_BUCKETS_S) + 1))
    seconds: float = 0.0
    asked_bytes: int = 0
    answered_bytes: int = 0
    images: int = 0
    tokens: Counter[str] = field(default_factory=Counter)


class Metrics:
    """Counts every request. They are those of the process: a reset leaves them, as Prometheus expects it."""

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}
        self._uploads: Recent[None] = Recent()

    def saw(self, record: Record) -> None:
        """A request has ended."""
        operation = record.operation or _NO_OPERATION
        tally = self._tallies.get(operation)
        if tally is None:
            tally = self._tallies[operation] = _Tally()
        tally.statuses[record.status] += 1
        took_s = record.took_s or 0.0
        facts = record.facts
        tally.slots[bisect_left(_BUCKETS_S, took_s)] += 1
        tally.seconds += took_s
        tally.asked_bytes += record.asked_bytes
        tally.answered_bytes += record.answered_bytes
        if images := facts.get("images"):
            tally.images += len(images)
        if tokens := facts.get("tokens"):
            for kind, number in tokens.items():
                if number:
                    tally.tokens[kind] += number
        if operation.startswith("upload."):
            self._upload(record)

    def forget_uploads(self) -> None:
        """None of them goes on any more."""
        self._uploads.clear()

    def _upload(self, record: Record) -> None:
        headers = headers_of(record.answer_headers)
        status = headers.get("x-goog-upload-status")
        chunk = record.chunk
        if chunk is not None and status in _OVER:
            self._uploads.pop(chunk.upload_id, None)
        elif chunk is None and status == "active":
            query = parse_qs(urlsplit(headers.get("x-goog-upload-url", "")).query)
            self._uploads.put(query.get("upload_id", [""])[0], None)

    def text(self, journal: Journal) -> bytes:
        """All of it in Prometheus' format."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - only for who asks

        metrics = list(self._collected(journal))

        class Collected:
            def collect(self) -> list[Metric]:
                return metrics

        registry = CollectorRegistry(auto_describe=False)
        registry.register(Collected())
        return generate_latest(registry)

    def _collected(self, journal: Journal) -> Iterator[Metric]:
        from prometheus_client.core import (  # noqa: PLC0415
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        def counter(name: str, told: str, *labels: str) -> CounterMetricFamily:
            return CounterMetricFamily(f"visionspec_{name}", told, labels=labels)

        requests = counter(
            "requests", "Requests that were answered, or never will be.", "operation", "status"
        )
        seconds = HistogramMetricFamily(
            "visionspec_request_seconds", "From the first byte in to the last byte out.", labels=["operation"]
        )
        asked = counter("request_bytes", "Bytes of bodies that came.", "operation")
        answered = counter("response_bytes", "Bytes of bodies that were answered.", "operation")
        images = counter("images", "Images that were asked about.", "operation")
        tokens = counter("tokens", "Tokens by kind: text, image, output, thought.", "operation", "kind")
        for operation, tally in sorted(self._tallies.copy().items()):
            for status, count in tally.statuses.copy().items():
                requests.add_metric([operation, "none" if status is None else str(status)], count)
            upto = list(accumulate(tally.slots))
            bounds = [*map(str, _BUCKETS_S), "+Inf"]
            seconds.add_metric([operation], list(zip(bounds, upto, strict=True)), tally.seconds)
            asked.add_metric([operation], tally.asked_bytes)
            answered.add_metric([operation], tally.answered_bytes)
            images.add_metric([operation], tally.images)
            for kind, number in tally.tokens.copy().items():
                tokens.add_metric([operation, kind], number)
        yield from (requests, seconds, asked, answered, images, tokens)
        records, dropped = journal.records()
        for name, told, value in (
            ("requests_under_way", "Requests whose answer has not ended.", journal.under_way),
            (
                "uploads_under_way",
                "Resumable uploads, started and neither final nor cancelled.",
                len(self._uploads),
            ),
            ("journal_bytes", "Memory of the request log, about.", journal.size_bytes),
            ("journal_entries", "Requests in the log.", len(records)),
            ("journal_dropped", "Requests that made room in the log.", dropped),
        ):
            yield GaugeMetricFamily(f"visionspec_{name}", told, value=value)
