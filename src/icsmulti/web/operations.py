"""What an operator's machines ask: is it alive, can it serve, how much does it do.

GET /livez    200 always: the process answers
GET /readyz   200, or 503 while the store does not answer; with the tzdata version
GET /metrics  Prometheus text, for the addresses of ICSMULTI_METRICS_ALLOW alone
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from icsmulti.engine.zones import TZDATA_VERSION
from icsmulti.errors import NotFound, StoreUnavailable
from icsmulti.web.context import Context, client_address
from icsmulti.web.metrics import METRICS, OCCURRENCES, SECONDS, Counts, Histogram

if TYPE_CHECKING:
    from prometheus_client.core import Metric

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"

EVENTS = {
    "store_failures": ("Requests that the store could not answer", ()),
    "limits_reached": ("Requests refused by a limit", ("limit",)),
    "uncounted_admissions": ("Requests served although the store could not count them", ()),
    "refused_connections": ("Connections closed for what came or did not come", ("reason",)),
    "lost_log_lines": ("Log lines dropped because nobody read the log", ()),
}
"""The counters, by the name that `Counts.event` is called with: what they say, and their labels."""


class Readiness(msgspec.Struct, frozen=True):
    """The answer to /readyz."""

    status: str
    """`ready`, or `unavailable` with status 503."""
    store: str
    """The kind of store: `sqlite`, `redis`, `sentinel` or `cluster`."""
    tzdata: str
    """The version of the time zone data in use."""
    version: str


def routes(context: Context) -> list[Route]:
    operations = Operations(context)
    return [
        Route("/livez", operations.livez),
        Route("/readyz", operations.readyz),
        Route("/metrics", operations.metrics),
    ]


class Operations:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._version = version("icsmulti")

    async def livez(self, request: Request) -> Response:
        return _uncached(b'{"status":"alive"}')

    async def readyz(self, request: Request) -> Response:
        up = await self._is_store_up()
        readiness = Readiness(
            status="ready" if up else "unavailable",
            store=self._context.store.scheme,
            tzdata=TZDATA_VERSION,
            version=self._version,
        )
        response = _uncached(msgspec.json.encode(readiness), 200 if up else 503)
        if not up:
            response.headers["retry-after"] = "1"
        return response

    async def metrics(self, request: Request) -> Response:
        settings = self._context.settings
        address = client_address(request.scope, settings.trusted_proxies)  # type: ignore[arg-type] # a Scope is a dict
        if not _is_allowed(address, settings.metrics_allow):
            raise NotFound  # a stranger need not know that there is something
        up = await self._is_store_up()
        return _uncached(self._text(up), media_type=PROMETHEUS_TEXT)

    async def _is_store_up(self) -> bool:
        try:
            await self._context.store.ping()
        except StoreUnavailable:
            return False
        return True

    def _text(self, store_up: bool) -> bytes:
        # Imported when asked: a worker that is not scraped does not carry it.
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - only /metrics needs it

        registry = CollectorRegistry()
        registry.register(_Collector(METRICS.everything(), store_up, self._version))
        return generate_latest(registry)


class _Collector:
    """Our counts as prometheus-client's families."""

    def __init__(self, counts: Counts, store_up: bool, version: str) -> None:
        self._counts = counts
        self._store_up = store_up
        self._version = version

    def collect(self) -> Iterator[Metric]:
        from prometheus_client import core  # noqa: PLC0415 - only /metrics needs it

        build = core.InfoMetricFamily("icsmulti_build", "What runs")
        build.add_metric([], {"version": self._version, "tzdata": TZDATA_VERSION})
        yield build
        yield core.GaugeMetricFamily(
            "icsmulti_store_up", "1 while the store answers", value=float(self._store_up)
        )
        latency = core.HistogramMetricFamily(
            "icsmulti_request_duration_seconds",
            "Time from a request's head to its answer's end",
            labels=["route", "status"],
        )
        for (route, status), histogram in sorted(self._counts.latency.items()):
            latency.add_metric([route, str(status)], _buckets(histogram, SECONDS), histogram.total)
        yield latency
        occurrences = core.HistogramMetricFamily(
            "icsmulti_request_occurrences", "Occurrences in a request that became a calendar"
        )
        histogram = self._counts.occurrences
        occurrences.add_metric([], _buckets(histogram, OCCURRENCES), histogram.total)
        yield occurrences
        for name, (said, labels) in EVENTS.items():
            family = core.CounterMetricFamily(f"icsmulti_{name}", said, labels=labels)
            if not labels:
                family.add_metric([], self._counts.events.get(name, 0))
            for key, count in sorted(self._counts.events.items()):
                event, _, label = key.partition(" ")
                if labels and event == name:
                    family.add_metric([label], count)
            yield family


def _buckets(histogram: Histogram, bounds: Sequence[float]) -> list[tuple[str, float]]:
    """Prometheus counts each bucket with all below it."""
    rows, so_far = [], 0
    for bound, count in zip([*map(str, bounds), "+Inf"], histogram.buckets, strict=True):
        so_far += count
        rows.append((bound, float(so_far)))
    return rows


def _is_allowed(address: str, networks: Sequence[Any]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


def _uncached(body: bytes, status: int = 200, media_type: str = "application/json") -> Response:
    return Response(body, status, {"cache-control": "no-store"}, media_type)
