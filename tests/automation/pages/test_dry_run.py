"""The dry run: it says what the real run then does, says why not the others, and writes nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from automation import dispatch, dry_run
from automation.dispatch import queue_eligible
from automation.pages.confirm import usual_price
from issues import trust
from issues.models import Attempt, IssueSession
from projects.models import Project
from tests.automation.commands.calling import run_command
from tests.factories import create_attempt, create_project, create_session, create_superuser, create_user
from tests.flows.conftest import tale  # noqa: F401

pytestmark = pytest.mark.django_db
WRITING = ("INSERT", "UPDATE", "DELETE", "REPLACE")


@pytest.fixture
def project(settings, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    return create_project(automation_enabled=True, auto_start=True, max_concurrent=2, agent="claude_code")


def page(client, project, query="", person=None):
    client.force_login(person or create_superuser())
    return client.get(reverse("admin:dry-run", args=[project.pk]) + query)


def reasons(answer):
    return {session.pk: why for session, why in answer.context["others"]}


@pytest.mark.parametrize("auto_start", [True, False])
def test_what_it_says_is_what_dispatch_then_does(project, auto_start):
    now = timezone.now()
    Project.objects.update(auto_start=auto_start)
    project.refresh_from_db()
    create_session(project=project)
    create_session(project=project, queued_at=now, queued_by="ann")
    create_session(project=project, queued_at=now, queued_by="ann", not_before=now + timedelta(hours=1))
    create_session(project=project, status="in_progress", step="work", queued_at=now, queued_by="ann")
    create_session(project=project)
    said = [session.pk for session in dry_run.starting(project, now)]
    assert len(said) == 2
    queue_eligible(project)
    assert dispatch.dispatch(project, timezone.now()) == said


def test_an_issue_of_a_stranger_is_not_said_to_start_and_does_not(client, project):
    stranger = create_session(project=project, issue_author_association="NONE")
    approved = create_session(project=project, issue_author_association="NONE")
    IssueSession.objects.filter(pk=approved.pk).update(approved_text=trust.fingerprint(approved))
    answer = page(client, project)
    assert [session.pk for session in answer.context["starting"]] == [approved.pk]
    assert "it will wait for a person" in reasons(answer)[stranger.pk]
    queue_eligible(project)
    assert dispatch.dispatch(project, timezone.now()) == [approved.pk]
    assert "may not write" in reasons(page(client, project))[stranger.pk]


def test_what_queues_itself_starts_in_the_order_that_is_said(project):
    for _ in range(3):
        create_session(project=project)
    said = [session.pk for session in dry_run.starting(project, timezone.now())]
    queue_eligible(project)
    assert dispatch.dispatch(project, timezone.now()) == said


def test_nothing_starts_without_budget_or_with_trouble_that_a_person_must_mend(project):
    session = create_session(project=project, queued_at=timezone.now(), queued_by="ann")
    Project.objects.update(error_code="github.unavailable")
    project.refresh_from_db()
    assert dry_run.starting(project, timezone.now()) == [session]
    project.error_code = "github.bad_token"
    assert dry_run.starting(project, timezone.now()) == []
    project.error_code, project.monthly_budget_usd = "", Decimal(1)
    create_attempt(session, cost_usd=Decimal(2), ended_at=timezone.now())
    create_session(project=project)
    assert dry_run.starting(project, timezone.now()) == []


def test_the_prompt_is_the_one_that_the_agent_then_gets(client, tale):  # noqa: F811
    number = tale.issue()
    tale.change(auto_start=False)
    tale.run()
    session = tale.session(number)
    answer = page(client, tale.project, f"?session={session.pk}")
    before = answer.context["preview"]
    assert not before.has_files
    assert "has not been fetched yet" in answer.content.decode()
    tale.change(auto_start=True)
    tale.run()
    real = Attempt.objects.get(issue_session=session)
    IssueSession.objects.filter(pk=session.pk).update(
        status="pending", step="prepare", branch_name="", base_sha=""
    )
    real_prompt = real.prompt
    real.delete()
    shown = dry_run.preview(tale.session(number))
    assert (shown.prompt, shown.has_files) == (real_prompt, True)
    assert "calc/averages.py" in shown.prompt
    assert shown.branch == f"feature/issue-{number}"
    assert [check.command for check in shown.checks][:1] == [tale.project.lint_command]


def test_looking_writes_no_row_and_sends_nothing(client, tale):  # noqa: F811
    tale.issue()
    tale.change(auto_start=False, credential=None)
    create_session(project=tale.project, queued_at=timezone.now(), queued_by="ann")
    person = create_superuser()
    client.force_login(person)
    asked = len(tale.hub.requests)
    counts = {model: model.objects.count() for model in apps.get_models()}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert page(client, tale.project, person=person).status_code == 200
    ours = [q["sql"] for q in queries if q["sql"].startswith(WRITING) and "django_session" not in q["sql"]]
    assert [sql for sql in ours if "auth_user" not in sql] == []
    counts_after = {model: model.objects.count() for model in apps.get_models()}
    changed = [model.__name__ for model in counts if counts[model] != counts_after[model]]
    assert set(changed) <= {"Session"}
    assert len(tale.hub.requests) == asked
    assert not tale.project.mirror_path.exists()


def test_each_other_session_says_why_not(client, project):
    now = timezone.now()
    Project.objects.update(max_concurrent=1, auto_start=False)
    first = create_session(project=project, queued_at=now, queued_by="ann")
    said = {
        create_session(project=project, queued_at=now, queued_by="ann").pk: "number 2 in the queue",
        create_session(project=project).pk: "auto start is off",
        create_session(project=project, status="skipped", reason="filtered").pk: "filter does not take it",
        create_session(
            project=project, status="skipped", reason="skip_label", github_issue_labels=["Needs-Discussion"]
        ).pk: "label Needs-Discussion keeps",
        create_session(
            project=project, status="skipped", reason="skipped_by_person"
        ).pk: "A person skipped it",
        create_session(
            project=project, status="needs_review", reason="complex", last_error="Too complex."
        ).pk: "Too complex.",
        create_session(project=project, status="failed").pk: "A retry opens a new round",
        create_session(
            project=project, queued_at=now, queued_by="ann", not_before=now + timedelta(hours=2)
        ).pk: "parked until",
        create_session(project=project, status="pr_created", pr_number=7).pk: "pull request #7",
    }
    answer = page(client, project)
    assert answer.context["starting"] == [first]
    found = reasons(answer)
    assert set(found) == set(said)
    for pk, words in said.items():
        assert words in found[pk]


def test_a_paused_project_says_so(client, project):
    Project.objects.update(automation_enabled=False)
    session = create_session(project=project)
    answer = page(client, project)
    assert "Nothing would start now" in answer.content.decode()
    assert "automation is stopped" in reasons(answer)[session.pk]


def test_a_session_whose_model_never_answered_says_nothing_about_the_cost(client, project):
    create_attempt(create_session(project=project), cost_usd=Decimal(0))
    assert dry_run.usual_cost(project, timezone.now()) == dry_run.UsualCost(None, 0)
    assert usual_price(project).each is None


def test_the_usual_cost_is_that_of_the_last_30_days(client, project):
    session = create_session(project=project)
    create_attempt(session, cost_usd=Decimal("1.00"))
    create_attempt(session, cost_usd=Decimal("2.00"))
    create_attempt(create_session(project=project), cost_usd=Decimal("1.00"))
    old = create_attempt(session, cost_usd=Decimal("50.00"))
    Attempt.objects.filter(pk=old.pk).update(started_at=timezone.now() - timedelta(days=31))
    assert dry_run.usual_cost(project, timezone.now()) == dry_run.UsualCost(Decimal("2.00"), 2)
    assert "cost $2.00 each" in page(client, project).content.decode().replace("\xa0", "").replace("$ ", "$")


def test_hostile_titles_and_bodies_are_text(client, project):
    title, body = "<script>alert(1)</script>", "</pre><img src=x onerror=alert(1)> ghp_" + "A1" * 18
    create_session(project=project, github_issue_title=title, github_issue_body=body)
    shown = page(client, project).content.decode()
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert "ghp_A1" not in shown


def test_queries_do_not_grow_with_sessions(client, project):
    person = create_superuser()
    for status in ("pending", "skipped", "needs_review", "failed"):
        create_session(project=project, status=status)
    with CaptureQueriesContext(connection) as few:
        page(client, project, person=person)
    for status in ("pending", "skipped", "needs_review", "failed", "pending") * 8:
        create_session(project=project, status=status)
    with CaptureQueriesContext(connection) as many:
        page(client, project, person=person)
    assert len(many) <= len(few) + 2


def test_roles_methods_and_bad_parameters(client, project):
    url = reverse("admin:dry-run", args=[project.pk])
    assert (
        page(client, project, person=create_user("viewer", project=project, is_staff=True)).status_code == 200
    )
    assert client.post(url).status_code == 405
    for query, named in (("?page=x", "page"), ("?colour=red", "colour"), ("?session=-1", "session")):
        answer = client.get(url + query)
        assert (answer.status_code, named in answer.content.decode()) == (400, True)
    foreign = create_session()
    assert client.get(f"{url}?session={foreign.pk}").status_code == 404
    assert (
        page(
            client, foreign.project, person=create_user("viewer", project=project, is_staff=True)
        ).status_code
        == 404
    )


def test_an_empty_project_says_the_next_step(client, project):
    text = page(client, project).content.decode()
    assert "No issue has been synced yet" in text
    assert "Start one by hand" not in text
    create_session(project=project, status="failed")
    assert "Start one by hand" in page(client, project).content.decode()


def test_start_session_dry_run_prints_the_prompt_and_queues_nothing(project):
    session = create_session(project=project, github_issue_body="It <b>breaks</b> at 7.")
    ran = run_command("start_session", project.pk, session.github_issue_number, "--dry-run")
    assert ran.code == 0
    assert "started by hand it would begin at once" in ran.out
    assert "It <b>breaks</b> at 7." in ran.out
    data = run_command("start_session", project.pk, session.github_issue_number, "--dry-run", "--json").data
    assert (data["starts_now"], data["branch"]) == (True, f"feature/issue-{session.github_issue_number}")
    session.refresh_from_db()
    assert (session.queued_at, session.events.count()) == (None, 0)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"status": "failed"}, "cannot be asked to start"),
        ({"status": "completed", "issue_state": "closed"}, "is closed on GitHub"),
        ({"status": "skipped", "issue_state": "closed"}, "is closed on GitHub"),
    ],
)
def test_start_session_dry_run_refuses_what_a_start_would_refuse(project, values, sentence):
    session = create_session(project=project, **values)
    ran = run_command("start_session", project.pk, session.github_issue_number, "--dry-run")
    assert (ran.code, sentence in ran.err) == (1, True)
    assert session.events.count() == 0
