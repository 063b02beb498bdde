"""The six figures of success as people read them: value, formula and a link to the rows behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.core.cache import cache
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from automation.measures import Measures, measure
from projects.amounts import span, usd
from projects.models import Project

NOTHING = "–"
KEPT_SECONDS = 300


@dataclass(frozen=True)
class Figure:
    """`value` is a dash when there was nothing to count; `detail` says what it was counted from."""

    label: str
    value: str
    detail: str
    formula: str
    url: str


def days_ago(days: int) -> datetime:
    """The start (UTC) of the day, so that the links to the rows say the same period."""
    return timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=days
    )


def headline(projects: QuerySet[Project], since: datetime, project: Project | None = None) -> list[Figure]:
    """The figures of what ended since then. `project`: the one that the links are narrowed to."""
    return figures(measure(projects, since)[0], since, project)


def headline_of_late(projects: QuerySet[Project], since: datetime) -> tuple[list[Figure], datetime]:
    """The figures as counted at most KEPT_SECONDS ago, and when: for a page that people open all the time."""
    pks = ",".join(map(str, sorted(projects.values_list("pk", flat=True))))
    key = f"headline:{since:%Y-%m-%d}:{sha256(pks.encode()).hexdigest()}"
    kept: tuple[Measures, datetime] | None = cache.get(key)
    if kept is None:
        kept = measure(projects, since)[0], timezone.now()
        cache.set(key, kept, KEPT_SECONDS)
    return figures(kept[0], since), kept[1]


def figures(found: Measures, since: datetime, project: Project | None = None) -> list[Figure]:
    rows = _Rows(since, project)
    return [
        Figure(
            "Fix rate",
            percent(found.fix_rate),
            f"{found.fixed} of {found.ended} issues",
            "Merged sessions / sessions that ended (merged or failed). Skipped ones do not count.",
            rows.ended(),
        ),
        Figure(
            "First-attempt success",
            percent(found.first_attempt_success),
            f"{found.first_try} of {found.ended} issues",
            "Merged sessions whose first attempt passed, without a retry / sessions that ended.",
            rows.ended(status__exact="completed", attempts__exact=0, round__exact=1),
        ),
        Figure(
            "Time to fix",
            span(found.median_time),
            f"90 % within {span(found.slow_time)}, average {span(found.average_time)}"
            if found.pull_requests
            else "no pull request",
            "Median time from the creation of the issue to its pull request.",
            rows.of("automation_effect", kind__exact="pull_request", done_at__gte=since),
        ),
        Figure(
            "Verification pass rate",
            percent(found.verification_pass_rate),
            f"{found.checked - found.rejected} of {found.checked} attempts",
            "Attempts of which every check passed / attempts whose commit was checked.",
            rows.of("verification_verificationresult", created_at__gte=since),
        ),
        Figure(
            "PR merge rate",
            percent(found.merge_rate),
            f"{found.merged_unchanged} of {found.decided} pull requests",
            "Pull requests merged without commits by others / pull requests merged or closed.",
            rows.ended(pr_state__in="merged,closed"),
        ),
        Figure(
            "Cost",
            usd(found.cost),
            _told(found),
            "Sum of what agents reported for the attempts that began in the period.",
            rows.of("issues_attempt", started_at__gte=since),
        ),
    ]


def percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.0f} %"


def _told(found: Measures) -> str:
    if found.unpriced:
        return f"not counting {found.unpriced} without a price"
    return "no attempt" if found.cost is None else "as agents reported it"


@dataclass(frozen=True)
class _Rows:
    """Links to the data pages that list what was counted."""

    since: datetime
    project: Project | None

    def of(self, page: str, **lookups: object) -> str:
        chosen = {"project": self.project.pk} if self.project else {}
        query = {name: _text(value) for name, value in (chosen | lookups).items()}
        return f"{reverse(f'admin:{page}_changelist')}?{urlencode(query)}"

    def ended(self, **lookups: object) -> str:
        narrowed = {"status__in": "completed,failed", "completed_at__gte": self.since} | lookups
        if "status__exact" in narrowed:
            del narrowed["status__in"]
        return self.of("issues_issuesession", **narrowed)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
