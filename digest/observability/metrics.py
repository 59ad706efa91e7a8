"""Prometheus metrics; `docs/operations.md` lists each with its unit.

Counters and histograms are kept by each process, in shared files under PROMETHEUS_MULTIPROC_DIR when there are several
(prometheus_client, "Multiprocess Mode"). What stands in rows is asked of the database when the metrics are read, so that it is
the same from whichever host one asks.
"""

import contextlib
import datetime as dt
import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import redis
from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily

from digest import queues
from digest.models import Brake, Delivery, Source
from subscriptions.models import Subscription

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_WAITING = (
    Delivery.State.QUEUED,
    Delivery.State.CLAIMED,
    Delivery.State.SENDING,
    Delivery.State.DEFERRED,
    Delivery.State.UNCERTAIN,
)

REQUESTS = Histogram(
    "paper_round_http_request_seconds",
    "How long answers took, by the name of the route",
    ["method", "route", "status"],
    buckets=_SECONDS,
)
TASKS = Histogram("paper_round_task_seconds", "How long tasks took", ["task", "outcome"], buckets=_SECONDS)
DELIVERIES = Counter("paper_round_deliveries", "Attempts to deliver, by what came of them", ["state"])
ISSUES = Counter("paper_round_issues", "Subscriptions whose hour came, by what was decided", ["outcome"])
ENTRIES = Counter("paper_round_entries", "Entries of polled sources, by what became of them", ["outcome"])


class Ledger:
    """A collector: what the rows say now."""

    def __init__(self, now: dt.datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Each gauge; read by partial indexes, in milliseconds at any size of the ledger."""
        states = GaugeMetricFamily("paper_round_deliveries_waiting", "Deliveries that are not finished", labels=["state"])
        oldest = GaugeMetricFamily(
            "paper_round_delivery_oldest_seconds", "How long the longest waiting delivery has been ready", labels=["priority"]
        )
        counts: Mapping[str, int] = dict(
            Delivery.objects.filter(finished_at=None).order_by().values_list("state").annotate(number=Count("pk"))
        )
        for state in _WAITING:
            states.add_metric([state], counts.get(state, 0))
        ready: Mapping[int, dt.datetime] = dict(
            Delivery.objects.ready(self._now).order_by().values_list("priority").annotate(since=Min("next_attempt_at"))
        )
        for priority in Delivery.Priority:
            since = ready.get(priority.value, self._now)
            oldest.add_metric([priority.name.lower()], (self._now - since).total_seconds())
        yield states
        yield oldest
        due = Subscription.objects.due(self._now).values_list("next_issue_at", flat=True).first()
        yield GaugeMetricFamily(
            "paper_round_schedule_late_seconds",
            "How long the longest waiting subscription has been due",
            value=(self._now - due).total_seconds() if due else 0.0,
        )
        sources = GaugeMetricFamily("paper_round_sources", "Sources by how they fare", labels=["health"])
        active = Source.objects.filter(active=True)
        failing = active.filter(failures__gt=0).count()
        sources.add_metric(["failing"], failing)
        sources.add_metric(["stopped"], active.exclude(stopped_because="").count())
        sources.add_metric(["well"], active.filter(failures=0, stopped_because="").count())
        yield sources
        yield GaugeMetricFamily("paper_round_brakes", "Brakes that stand", value=Brake.objects.standing().count())
        yield from self._queues()

    def _queues(self) -> Iterator[GaugeMetricFamily]:
        """An absent series is Prometheus's own word for "unknown"; /readyz says why."""
        lengths = GaugeMetricFamily("paper_round_queue_length", "Tasks that wait in the broker", labels=["queue"])
        ages = GaugeMetricFamily("paper_round_queue_oldest_seconds", "How long the oldest task has waited", labels=["queue"])
        with contextlib.suppress(redis.RedisError, OSError):
            for queue, stands in queues.standing(settings.REDIS_URL, 1).items():
                lengths.add_metric([queue], stands.length)
                ages.add_metric([queue], max((self._now - stands.since).total_seconds(), 0.0) if stands.since else 0.0)
        yield lengths
        yield ages


def exposition(now: dt.datetime) -> tuple[bytes, str]:
    """All metrics in Prometheus's text format, and its content type."""
    return generate_latest(_processes()) + generate_latest(_rows(now)), CONTENT_TYPE_LATEST


def _rows(now: dt.datetime) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Ledger(now))
    return registry


def _processes() -> CollectorRegistry:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
    return registry


def serve(port: int) -> None:
    """Serve this host's processes' metrics on 127.0.0.1; for a worker, which has no web server of its own."""
    start_http_server(port, addr="127.0.0.1", registry=_processes())


def clear(directory: Path) -> int:
    """Remove what processes that are gone have left; returns how many files. For the start of a host's first process."""
    left = list(directory.glob("*.db"))
    for each in left:
        each.unlink(missing_ok=True)
    return len(left)


@functools.lru_cache(maxsize=1024)
def _series(method: str, route: str, status: str) -> Histogram:
    return REQUESTS.labels(method, route, status)


def requests(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: times each answer under its route's name, as paths hold tokens."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        route = (match.view_name or match.route) if match else "none"
        _series(request.method or "", route, str(response.status_code)).observe(time.perf_counter() - started)
        return response

    return middleware
