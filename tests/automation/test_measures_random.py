"""The measures of random rows equal what plain Python counts from them, on either database, at midnight too."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median

import pytest
from django.utils import timezone

from automation.measures import By, Measures, measure, measure_each
from automation.models import Effect
from issues.models import Attempt
from issues.states import Status
from projects.models import Project
from tests.factories import create_attempt, create_project, create_result, create_session
from verification.models import VerificationResult

pytestmark = [pytest.mark.django_db, pytest.mark.services]
SINCE = datetime(2026, 3, 4, tzinfo=UTC)
COUNTED = ("ended", "fixed", "first_try", "decided", "merged_unchanged", "checked", "rejected", "unpriced")
TIMES = ("median_time", "slow_time")


def moment(chance):
    """Around the start of the period, often at the very edge of a day."""
    midnight = SINCE + timedelta(days=chance.randrange(-3, 24))
    edges = [timedelta(0), timedelta(microseconds=-1), timedelta(milliseconds=1), timedelta(seconds=-1)]
    within = timedelta(seconds=chance.randrange(86_400), microseconds=chance.randrange(1_000_000))
    return midnight + chance.choice([*edges, within, within])


def fill(chance, projects):
    for _ in range(60):
        session = create_session(
            project=chance.choice(projects),
            status=chance.choice([*Status.values, "completed", "failed"]),
            completed_at=chance.choice([None, moment(chance), moment(chance)]),
            attempts=chance.randrange(2),
            round=chance.randrange(1, 3),
            pr_number=chance.choice([None, 1]),
            pr_state=chance.choice(["", "open", "merged", "merged", "closed"]),
            foreign_commits=chance.choice([None, True, False, False]),
            issue_created_at=chance.choice([None, SINCE - timedelta(seconds=chance.randrange(10**6))]),
        )
        if chance.random() < 0.7:
            Effect.objects.create(
                issue_session=session,
                round=1,
                kind=chance.choice(["pull_request", "pull_request", "push"]),
                done_at=chance.choice([None, moment(chance), moment(chance), moment(chance)]),
            )
        for _ in range(chance.randrange(3)):
            cost = chance.choice([None, Decimal(chance.randrange(10**6)) / 10_000])
            attempt = create_attempt(session, cost_usd=cost)
            Attempt.objects.filter(pk=attempt.pk).update(started_at=moment(chance))
            for _ in range(chance.randrange(4)):
                result = create_result(
                    session,
                    attempt=chance.choice([attempt, attempt, attempt, None]),
                    passed=chance.choice([True, True, False, None]),
                    fault=chance.choice(["", "", "", "setup"]),
                )
                VerificationResult.objects.filter(pk=result.pk).update(created_at=moment(chance))


def keys(project, when):
    day = when.astimezone(UTC).date()
    return {By.NOTHING: 0, By.WEEK: day - timedelta(days=day.weekday()), By.PROJECT: project.pk}


def counted(projects, by):
    """The same from the rows, one by one."""
    groups = defaultdict(Measures)
    times = defaultdict(list)
    told = defaultdict(list)
    for project in projects:
        for s in project.sessions.all():
            if s.completed_at and s.completed_at >= SINCE and s.status in ("completed", "failed"):
                group = groups[keys(project, s.completed_at)[by]]
                fixed, decided = (
                    s.status == "completed",
                    bool(s.pr_number and s.pr_state in ("merged", "closed")),
                )
                group.ended += 1
                group.fixed += fixed
                group.first_try += fixed and (s.attempts, s.round) == (0, 1)
                group.decided += decided
                group.merged_unchanged += decided and s.pr_state == "merged" and s.foreign_commits is False
            for a in s.attempt_rows.filter(started_at__gte=SINCE):
                group = groups[keys(project, a.started_at)[by]]
                group.unpriced += a.cost_usd is None
                if a.cost_usd is not None:
                    group.cost = (group.cost or 0) + a.cost_usd
            for r in s.verification_results.filter(created_at__gte=SINCE, fault="").exclude(attempt=None):
                if r.passed is not None:
                    told[project, r.attempt_id].append(r)
            for e in s.effects.filter(kind="pull_request", done_at__gte=SINCE):
                times[keys(project, e.done_at)[by]].append(e.done_at - (s.issue_created_at or s.created_at))
    for (project, _), results in told.items():
        group = groups[keys(project, max(r.created_at for r in results))[by]]
        group.checked += 1
        group.rejected += any(r.passed is False for r in results)
    for key, lengths in times.items():
        groups[key].pull_requests = count = len(lengths)
        groups[key].median_time = median(lengths)
        groups[key].slow_time = next(x for n, x in enumerate(sorted(lengths), 1) if n * 10 >= count * 9)
    return groups


@pytest.mark.parametrize("seed", range(4))
def test_every_group_equals_what_python_counts_from_the_rows(seed):
    chance = random.Random(seed)
    projects = [create_project() for _ in range(3)]
    fill(chance, [*projects, create_project(archived_at=timezone.now())])
    for chosen in (projects, projects[:1]):
        rows = Project.objects.filter(pk__in=[project.pk for project in chosen])
        for by, found in zip(By, measure_each(rows, SINCE, *By), strict=True):
            expected = counted(chosen, by)
            assert set(found) == set(expected) | ({0} if by is By.NOTHING else set())
            for key, group in found.items():
                for name in (*COUNTED, "cost", "pull_requests"):
                    assert getattr(group, name) == getattr(expected[key], name), (by, key, name)
                for name in TIMES:
                    own, other = getattr(group, name), getattr(expected[key], name)
                    assert (own is None) == (other is None)
                    assert own is None or abs(own - other) <= timedelta(milliseconds=2), (by, key, name)


def test_the_last_moment_of_a_sunday_and_the_first_of_a_monday_are_two_weeks():
    project = create_project()
    monday = datetime(2026, 3, 9, tzinfo=UTC)
    for when in (monday, monday - timedelta(microseconds=1)):
        create_session(project=project, status="failed", completed_at=when)
    found = measure(Project.objects.all(), SINCE, By.WEEK)
    assert set(found) == {monday.date(), monday.date() - timedelta(days=7)}
