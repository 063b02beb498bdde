"""No webhook has come for a day and nobody asks: within five minutes the clock alone sees all that became of GitHub."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from automation.models import WebhookDelivery
from automation.pipeline import advance
from automation.tend import tend
from automation.tick import tick
from issues.models import IssueSession
from projects.models import Project

pytestmark = pytest.mark.django_db(transaction=True)
BUSY = {"match": "Unfinished", "steps": [{"fail": {"status": 529}}]}
FIX = {"steps": [{"write": {"NOTES": "fixed\n"}}, {"commit": "Fix it"}]}
OF_PROJECTS = ("last_synced_at", "last_tended_at", "repository_seen_at", "retry_at", "tend_enqueued_at")
OF_SESSIONS = ("followed_at", "not_before")


def five_minutes_later(tale):
    """One round of the clock, after every stamp has grown older; what it hands over is worked on."""
    age(Project, OF_PROJECTS)
    age(IssueSession, OF_SESSIONS)
    Project.objects.update(sync_requested_at=None)
    assert tick() == Project.objects.count()
    tend(tale.project.pk)
    for pk in IssueSession.objects.filter(enqueued_at__isnull=False).values_list("pk", flat=True):
        advance(pk)


def age(model, names):
    model.objects.update(**{name: F(name) - timedelta(minutes=5) for name in names})


@pytest.fixture
def silent(plain, settings):
    """The last webhook was a day ago."""
    settings.AUTOWRKERS_AGENT_SLOTS = 9
    row = WebhookDelivery.objects.create(
        delivery_id="the-last-one", event="ping", project=plain.project, state="done"
    )
    WebhookDelivery.objects.filter(pk=row.pk).update(received_at=timezone.now() - timedelta(days=1))
    plain.agent(BUSY, FIX)
    plain.change(issue_filter={"labels": ["agent"]}, max_concurrent=9, verification_command="true")
    return plain


def opened(tale, *titles):
    """Issues with these titles, worked on; by title their numbers."""
    numbers = {title: tale.issue(title, labels=["agent"]) for title in titles}
    tale.run()
    return numbers


def test_what_people_do_with_pull_requests(silent):
    acts = {
        "closed": lambda hub, repo, pr, branch: hub.close(repo, pr),
        "reopened": lambda hub, repo, pr, branch: (hub.close(repo, pr), hub.reopen(repo, pr)),
        "merged, branch gone": lambda hub, repo, pr, branch: (
            hub.merge(repo, pr),
            hub.delete_branch(repo, branch),
        ),
        "draft": lambda hub, repo, pr, branch: hub.convert_to_draft(repo, pr),
        "another base": lambda hub, repo, pr, branch: hub.change_base(repo, pr, "release"),
    }
    silent.push("release", {"OTHER": "x\n"})
    numbers = opened(silent, *acts)
    for title, act in acts.items():
        session = silent.session(numbers[title])
        act(silent.hub, silent.repo, session.pr_number, session.branch_name)
    branches = silent.branches()
    five_minutes_later(silent)
    found = {title: silent.session(number) for title, number in numbers.items()}
    assert {title: (session.status, session.pr_state) for title, session in found.items()} == {
        "closed": ("failed", "closed"),
        "reopened": ("pr_created", "open"),
        "merged, branch gone": ("completed", "merged"),
        "draft": ("pr_created", "draft"),
        "another base": ("pr_created", "open"),
    }
    five_minutes_later(silent)
    assert (silent.branches(), len(silent.hub.pulls(silent.repo))) == (branches, len(acts))
    reopened = [seen for seen in silent.hub.requests if seen.method == "PATCH" and "/pulls/" in seen.path]
    assert reopened == [], "no pull request was touched by us"


def test_what_people_do_with_issues_and_what_is_new(silent):
    acts = {
        "Unfinished, closed": lambda hub, repo, number: hub.close(repo, number),
        "Unfinished, label taken": lambda hub, repo, number: hub.edit_issue(repo, number, labels=[]),
        "Unfinished, reassigned": lambda hub, repo, number: hub.edit_issue(repo, number, assignees=["bob"]),
        "Unfinished, edited": lambda hub, repo, number: hub.edit_issue(repo, number, body="Other words."),
    }
    numbers = opened(silent, *acts)
    for title, act in acts.items():
        act(silent.hub, silent.repo, numbers[title])
    new = silent.issue("New", labels=["agent"])
    five_minutes_later(silent)
    found = {title: silent.session(number) for title, number in numbers.items()}
    assert {title: (session.status, session.attempts) for title, session in found.items()} == {
        "Unfinished, closed": ("skipped", 0),
        "Unfinished, label taken": ("in_progress", 0),
        "Unfinished, reassigned": ("in_progress", 0),
        "Unfinished, edited": ("in_progress", 0),
    }
    assert found["Unfinished, closed"].reason == "issue_closed"
    assert found["Unfinished, edited"].github_issue_body == "Other words."
    assert silent.session(new).status == "pr_created"


def test_a_repository_transferred_to_another_owner_is_followed_to_its_number(silent):
    opened(silent, "Unfinished")
    silent.hub.rename_repository(silent.repo, "umbrella/calc")
    silent.repo = "umbrella/calc"
    new = silent.issue("New", labels=["agent"])
    five_minutes_later(silent)
    assert (silent.project_error(), silent.project.github_repo) == ("", "umbrella/calc")
    assert silent.session(new).status == "pr_created"
    assert len(silent.hub.pulls("umbrella/calc")) == 1
