"""The buttons: who may press which, what becomes of it, and what is refused without a change."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from issues.models import IssueSession, SessionEvent
from projects import leases
from projects.models import AuditEvent, Project, Role
from projects.permissions import VERB_SCOPES
from tests.factories import create_project, create_session, create_superuser, create_user

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.broker]
SESSION_VERBS = ["start", "retry", "skip", "stop"]
PROJECT_VERBS = ["sync", "start-all", "start-automation", "pause"]


@pytest.fixture
def project():
    return create_project(last_tended_at=timezone.now())


@pytest.fixture
def operator(client, project):
    client.force_login(create_user(Role.OPERATOR, project=project, is_staff=True, username="ann"))
    return client


def ask(client, row, verb, **data):
    name = "project-verb" if isinstance(row, Project) else "session-verb"
    return client.post(reverse(f"admin:{name}", args=[row.pk, verb]), data)


def said(answer):
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def changes():
    return (
        list(IssueSession.objects.order_by("pk").values()),
        list(Project.objects.order_by("pk").values()),
        SessionEvent.objects.count(),
        AuditEvent.objects.count(),
    )


@pytest.mark.parametrize(
    ("verb", "before", "after", "words"),
    [
        ("start", "pending", "pending", "is queued. It is the next to start"),
        ("start", "needs_review", "pending", "is queued."),
        ("retry", "failed", "pending", "is queued for another try."),
        ("skip", "pending", "skipped", "is skipped."),
        ("skip", "failed", "skipped", "is skipped."),
        ("stop", "in_progress", "needs_review", "is stopped and waits for a person."),
    ],
)
def test_a_button_acts_in_the_persons_name_and_says_what_became_of_it(
    operator, project, verb, before, after, words
):
    session = create_session(project=project, status=before)
    answer = ask(operator, session, verb)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("admin:session", args=[session.pk])
    assert IssueSession.objects.get().status == after
    assert SessionEvent.objects.latest("id").actor == "ann"
    assert f"Issue #{session.github_issue_number} {words}" in said(answer)


def test_on_a_session_that_a_worker_holds_the_wish_is_recorded(operator, project):
    session = create_session(project=project, status="in_progress")
    leases.claim(IssueSession, session.pk)
    assert "will be stopped as soon as its worker has ended its work." in said(ask(operator, session, "stop"))
    assert IssueSession.objects.get().requested_verb == "stop"


@pytest.mark.parametrize("verb", ["start", "retry"])
def test_a_second_click_changes_nothing_and_says_so(operator, project, verb):
    session = create_session(project=project, status="failed" if verb == "retry" else "pending")
    ask(operator, session, verb)
    first = IssueSession.objects.values().get()
    answer = ask(operator, session, verb)
    moment = {"changed_at": first["changed_at"]}  # a refusal is an event, too
    assert IssueSession.objects.values().get() | moment == first
    assert ("queued or running already" in said(answer)) or (
        "Possible now: start, skip, stop." in said(answer)
    )


def test_a_refusal_names_what_is_possible(operator, project):
    session = create_session(project=project, status="completed")
    words = said(ask(operator, session, "retry"))
    assert "completed cannot be asked to retry. Possible now: start." in words
    assert IssueSession.objects.get().status == "completed"


def test_queueing_says_what_holds_it_back(operator, project):
    Project.objects.update(error_code="x", error_message="No such repository.")
    assert "No such repository." in said(ask(operator, create_session(project=project), "start"))


@pytest.mark.parametrize("verb", ["start", "retry"])
def test_get_on_what_needs_no_question_is_405(operator, project, verb):
    session = create_session(project=project, status="failed")
    before = changes()
    assert operator.get(reverse("admin:session-verb", args=[session.pk, verb])).status_code == 405
    assert changes() == before


@pytest.mark.parametrize("verb", ["sync", "start-automation"])
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_other_methods_on_a_projects_verb_are_405(operator, project, verb, method):
    before = changes()
    answer = getattr(operator, method)(reverse("admin:project-verb", args=[project.pk, verb]))
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert changes() == before


@pytest.mark.parametrize("verb", [*SESSION_VERBS, *PROJECT_VERBS])
def test_a_viewer_is_told_which_role_is_needed(client, project, verb):
    client.force_login(create_user(Role.VIEWER, project=project, is_staff=True))
    row = create_session(project=project, status="failed") if verb in SESSION_VERBS else project
    before = changes()
    answer = ask(client, row, verb)
    assert answer.status_code == 403
    assert "Operator or Manager is needed" in answer.content.decode()
    assert changes() == before


@pytest.mark.parametrize("verb", [*SESSION_VERBS, *PROJECT_VERBS])
def test_what_is_foreign_or_archived_does_not_exist(client, project, verb):
    row = create_session(project=project, status="failed") if verb in SESSION_VERBS else project
    client.force_login(create_user(Role.MANAGER, project=create_project(), is_staff=True))
    before = changes()
    assert ask(client, row, verb).status_code == 404
    Project.objects.filter(pk=project.pk).update(archived_at=timezone.now())
    client.force_login(create_superuser())
    assert ask(client, row, verb).status_code == 404
    assert changes()[0] == before[0]


@pytest.mark.parametrize("verb", ["close", "delete", "START", "enqueue"])
def test_a_verb_that_nobody_knows_does_not_exist(operator, project, verb):
    before = changes()
    assert ask(operator, create_session(project=project), verb).status_code == 404
    assert ask(operator, project, verb).status_code == 404
    assert changes()[1:] == before[1:]


def test_without_a_token_of_the_form_nothing_happens(project):
    client = Client(enforce_csrf_checks=True)
    client.force_login(create_superuser())
    session = create_session(project=project)
    before = changes()
    assert ask(client, session, "start").status_code == 403
    assert ask(client, project, "start-all").status_code == 403
    assert changes() == before


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///x",
        "\x00//x",
        "",
    ],
)
def test_the_way_back_never_leads_elsewhere(operator, project, where):
    answer = ask(operator, create_session(project=project), "start", next=where)
    if answer.status_code == 302:
        assert answer["Location"].startswith("/admin/")
    else:
        assert answer.status_code == 400


def test_the_way_back_leads_to_the_list_that_the_person_came_from(operator, project):
    where = f"/admin/project/{project.pk}/?status=failed&page=2"
    assert ask(operator, create_session(project=project), "start", next=where)["Location"] == where


@pytest.mark.parametrize("verb", [*SESSION_VERBS, *PROJECT_VERBS])
def test_a_field_or_parameter_that_nobody_reads_is_refused_by_name(operator, project, verb):
    row = create_session(project=project, status="failed") if verb in SESSION_VERBS else project
    before = changes()
    answer = ask(operator, row, verb, force="1")
    assert answer.status_code == 400
    assert "force" in answer.content.decode()
    name = "session-verb" if verb in SESSION_VERBS else "project-verb"
    assert operator.post(reverse(f"admin:{name}", args=[row.pk, verb]) + "?force=1").status_code == 400
    assert changes() == before


def test_a_sync_is_asked_for_with_an_audit_row(operator, project):
    answer = ask(operator, project, "sync")
    assert answer["Location"] == reverse("admin:board", args=[project.pk])
    assert Project.objects.get().sync_requested_at is not None
    assert AuditEvent.objects.values_list("actor", "verb").get() == ("ann", "project.sync_requested")


def test_automation_is_started_once(operator, project):
    assert "Automation is started." in said(ask(operator, project, "start-automation"))
    assert "Automation runs already." in said(ask(operator, project, "start-automation"))
    assert list(AuditEvent.objects.values_list("actor", "verb")) == [("ann", "automation.started")]


def test_starting_a_project_in_trouble_says_what_keeps_it(operator, project):
    Project.objects.update(error_code="x", error_message="The token is refused.")
    assert "Nothing starts yet: The token is refused." in said(ask(operator, project, "start-automation"))


def test_every_verb_has_its_scope_in_the_one_table():
    assert set(VERB_SCOPES) == {*SESSION_VERBS, *PROJECT_VERBS}
