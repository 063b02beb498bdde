"""The figures of success: each counted as its formula says, and a dash where there is nothing to count."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from automation.figures import days_ago, headline
from automation.measures import By, measure
from automation.models import Effect
from issues.models import Attempt
from projects.models import Project
from tests.factories import create_attempt, create_project, create_result, create_session, create_superuser

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NOW = timezone.now()


def ended(project, status, **values):
    return create_session(project=project, status=status, **{"completed_at": NOW} | values)


def merged(project, **values):
    return ended(
        project,
        "completed",
        **{"pr_number": 1, "pr_state": "merged", "foreign_commits": False} | values,
    )


def pull_request(project, *, hours, done_at=NOW):
    session = create_session(project=project, issue_created_at=done_at - timedelta(hours=hours))
    Effect.objects.create(issue_session=session, round=1, kind="pull_request", done_at=done_at)


def values(project, days=30):
    return {f.label: f.value for f in headline(Project.objects.filter(pk=project.pk), days_ago(days))}


def test_where_there_is_nothing_to_count_there_is_a_dash():
    assert set(values(create_project()).values()) == {"–"}


def test_the_fix_rate_counts_merged_sessions_among_those_that_ended():
    project = create_project()
    merged(project), merged(project), ended(project, "failed"), ended(project, "failed")
    ended(project, "skipped"), create_session(project=project, status="in_progress")
    merged(project, completed_at=NOW - timedelta(days=40))
    merged(create_project())
    assert values(project)["Fix rate"] == "50 %"


def test_first_attempt_success_counts_neither_second_attempts_nor_later_rounds():
    project = create_project()
    merged(project), merged(project, attempts=1), merged(project, round=2), ended(project, "failed")
    assert values(project)["First-attempt success"] == "25 %"


def test_the_merge_rate_counts_only_pull_requests_that_nobody_changed():
    project = create_project()
    merged(project), merged(project, foreign_commits=True)
    ended(project, "failed", pr_number=3, pr_state="closed")
    ended(project, "failed"), create_session(project=project, pr_number=4, pr_state="open")
    assert values(project)["PR merge rate"] == "33 %"


def test_an_attempt_passes_verification_when_every_check_did_and_faults_say_nothing():
    project = create_project()
    good, bad, broken = (create_attempt(create_session(project=project)) for _ in range(3))
    for attempt, passed, fault in [
        (good, True, ""),
        (good, None, ""),
        (bad, True, ""),
        (bad, False, ""),
        (bad, False, ""),
        (broken, False, "setup"),
    ]:
        create_result(attempt.issue_session, attempt=attempt, passed=passed, fault=fault)
    assert values(project)["Verification pass rate"] == "50 %"


def test_the_cost_is_the_sum_of_what_is_known():
    project = create_project()
    session = create_session(project=project)
    for cost in ("1.25", "0.5", None):
        create_attempt(session, cost_usd=cost and Decimal(cost))
    old = create_attempt(session, cost_usd=Decimal(9))
    Attempt.objects.filter(pk=old.pk).update(started_at=NOW - timedelta(days=31))
    figure = headline(Project.objects.all(), days_ago(30))[-1]
    assert (figure.value, figure.detail) == ("$ 1.75", "not counting 1 without a price")


def test_what_was_not_counted_is_neither_priced_nor_measured():
    project = create_project()
    of = {figure.label: figure for figure in headline(Project.objects.all(), days_ago(30))}
    assert (of["Cost"].value, of["Cost"].detail) == ("–", "no attempt")
    assert (of["Time to fix"].value, of["Time to fix"].detail) == ("–", "no pull request")
    create_attempt(create_session(project=project), cost_usd=Decimal(1))
    assert headline(Project.objects.all(), days_ago(30))[-1].detail == "as agents reported it"


@pytest.mark.parametrize(
    ("hours", "median", "slow"),
    [
        ([3], 3, 3),
        ([1, 2], 1.5, 2),
        ([5, 1, 3], 3, 5),
        ([4, 1, 3, 2], 2.5, 4),
        (list(range(1, 11)), 5.5, 9),
        (list(range(1, 12)), 6, 10),
        ([2] * 7, 2, 2),
    ],
)
def test_the_time_to_fix_is_the_median_and_nine_tenths(hours, median, slow):
    project = create_project()
    for each in hours:
        pull_request(project, hours=each)
    found = measure(Project.objects.all(), days_ago(30))[0]
    assert (found.median_time, found.slow_time) == (timedelta(hours=median), timedelta(hours=slow))
    assert found.pull_requests == len(hours)
    assert abs(found.average_time - timedelta(hours=sum(hours) / len(hours))) < timedelta(seconds=1)


def test_projects_and_weeks_are_counted_each_by_itself():
    one, other = create_project(), create_project()
    earlier = NOW - timedelta(days=14)
    merged(one), ended(other, "failed"), ended(one, "failed", completed_at=earlier)
    pull_request(one, hours=2), pull_request(one, hours=8, done_at=earlier), pull_request(other, hours=4)
    create_attempt(create_session(project=other), cost_usd=Decimal(2))
    everything, since = Project.objects.all(), days_ago(30)
    by_project = measure(everything, since, By.PROJECT)
    assert (by_project[one.pk].fixed, by_project[one.pk].ended, by_project[other.pk].fixed) == (1, 2, 0)
    assert by_project[one.pk].median_time == timedelta(hours=5)
    assert by_project[other.pk].cost == Decimal(2)
    by_week = measure(everything, since, By.WEEK)
    monday, before = NOW.date() - timedelta(days=NOW.weekday()), earlier.date()
    before -= timedelta(days=before.weekday())
    assert set(by_week) == {monday, before}
    assert (by_week[monday].ended, by_week[before].ended) == (2, 1)
    assert (by_week[monday].median_time, by_week[before].median_time) == (
        timedelta(hours=3),
        timedelta(hours=8),
    )


@pytest.mark.parametrize("by", By)
def test_five_queries_answer_whatever_there_is(by, django_assert_num_queries):
    for _ in range(3):
        merged(create_project())
    with django_assert_num_queries(5):
        measure(Project.objects.all(), days_ago(365), by)


def test_every_figure_leads_to_its_rows(client):
    project = create_project()
    merged(project), merged(project, attempts=2), ended(project, "failed")
    client.force_login(create_superuser())
    found = {f.label: f for f in headline(Project.objects.all(), days_ago(30), project)}
    counts = {}
    for label, figure in found.items():
        assert parse_qs(urlsplit(figure.url).query)["project"] == [str(project.pk)]
        answer = client.get(figure.url)
        assert answer.status_code == 200, figure.url
        counts[label] = answer.context["cl"].result_count
    assert counts["Fix rate"] == 3
    assert counts["First-attempt success"] == 1
    assert counts["PR merge rate"] == 2
