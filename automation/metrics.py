"""What a monitoring system wants to know, read from the database when it asks: right with any number of processes.

The number of queries does not depend on how much there is. No figure carries a secret, a title or a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from automation import hosts, waiting
from automation.models import Alert, WebhookDelivery
from issues.models import Attempt, IssueSession
from projects import leases
from projects.models import Credential

UNDONE = (WebhookDelivery.State.RECEIVED, WebhookDelivery.State.FAILED)
Rows = Mapping[Any, float | None]  # by the values of the labels; None: not known


class Figures(Collector):
    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield from _of_sessions(now)
        yield from _of_queue()
        yield from _of_hosts()
        yield from _of_credentials()
        yield from _of_attempts()
        rows = WebhookDelivery.objects.filter(state__in=UNDONE).order_by().values_list("state")
        deliveries = {(state,): number for state, number in rows.annotate(Count("pk"))}
        yield _gauge("webhook_deliveries_undone", "Webhook deliveries not done.", ["state"], deliveries)
        opened = Alert.objects.filter(ended_at=None).order_by().values_list("kind")
        alerts = {(kind,): number for kind, number in opened.annotate(Count("pk"))}
        yield _gauge("alerts_open", "Alerts that have not ended.", ["kind"], alerts)


def _of_sessions(now: datetime) -> Iterator[Metric]:
    shown = IssueSession.objects.filter(project__archived_at=None).order_by()
    counted: Counter[tuple[str, ...]] = Counter()
    for repository, status, number in shown.values_list("project__github_repo", "status").annotate(
        Count("pk")
    ):
        counted[(repository, status)] += number
    yield _gauge("sessions", "Sessions by project and status.", ["project", "status"], counted)
    oldest = shown.due(now).order_by().aggregate(least=Min("queued_at"))["least"]
    yield _one("oldest_queued_seconds", "Since when the oldest session that is due waits.", _age(oldest, now))
    held = IssueSession.objects.running().order_by().values_list("lease_until", leases.db_now())
    ages = [(leases.DURATION - (until - moment)).total_seconds() for until, moment in held]
    yield _one("leases", "Sessions that a worker holds.", len(ages))
    yield _one("lease_age_seconds", "Since the least lately renewed lease was renewed.", max(ages, default=0))


def _of_queue() -> Iterator[Metric]:
    known = waiting.messages()
    lengths = {(each.cluster,): each.number for each in known}
    yield _gauge("queue_messages", "Messages that no worker has taken.", ["cluster"], lengths)
    ages = {(each.cluster,): each.oldest_seconds for each in known}
    yield _gauge("queue_oldest_seconds", "Age of the oldest of them (not known of Redis).", ["cluster"], ages)


def _of_hosts() -> Iterator[Metric]:
    known = hosts.standings()
    for name, text, value in (
        ("host_slots", "Sessions that a host may run now: none when it is dead or drains.", "slots"),
        ("host_running", "Sessions that run there.", "running"),
        ("host_up", "1 as long as it is heard of.", "is_alive"),
    ):
        yield _gauge(name, text, ["host"], {(each.name,): getattr(each, value) for each in known})
    free = {(each.name,): each.row.disk_free_bytes for each in known}
    yield _gauge("host_disk_free_bytes", "The least that is free in a folder of it.", ["host"], free)
    ages = {(each.name, part): age.total_seconds() for each in known for part, age in each.ages.items()}
    yield _gauge("host_part_age_seconds", "Since when a part was last heard of.", ["host", "part"], ages)


def _of_credentials() -> Iterator[Metric]:
    rows = Credential.objects.filter(rate_remaining__isnull=False).order_by("pk")
    found = rows.values_list("pk", "login", "rate_remaining", "rate_limit")
    labels = ["credential", "login"]
    left = {(str(pk), login): remaining for pk, login, remaining, _ in found}
    yield _gauge("quota_remaining", "Requests that GitHub still allows in its hour.", labels, left)
    limits = {(str(pk), login): limit for pk, login, _, limit in found}
    yield _gauge("quota_limit", "Requests that GitHub allows an hour.", labels, limits)


def _of_attempts() -> Iterator[Metric]:
    of_project: dict[str, Counter[tuple[str, ...]]] = {
        "attempts": Counter(),
        "input_tokens": Counter(),
        "output_tokens": Counter(),
        "cost_usd": Counter(),
    }
    rows = Attempt.objects.filter(issue_session__project__archived_at=None).order_by()
    for repository, *sums in rows.values_list("issue_session__project__github_repo").annotate(
        Count("pk"), Sum("input_tokens"), Sum("output_tokens"), Sum("cost_usd")
    ):
        for counter, value in zip(of_project.values(), sums, strict=True):
            counter[(repository,)] += value or 0
    for name, counter in of_project.items():
        text = "Agent runs so far." if name == "attempts" else f"{name.replace('_', ' ')} of agents so far."
        yield _gauge(f"{name}_so_far", text, ["project"], counter)


def _gauge(name: str, text: str, labels: Iterable[str], rows: Rows) -> Metric:
    family = GaugeMetricFamily(f"autowrkers_{name}", text, labels=list(labels))
    for values, number in rows.items():
        if number is not None:
            family.add_metric(list(values), float(number))
    return family


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"autowrkers_{name}", text, value=float(value))


def _age(moment: datetime | None, now: datetime) -> float:
    return (now - moment).total_seconds() if moment else 0.0
