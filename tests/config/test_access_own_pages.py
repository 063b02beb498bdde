"""Every page of ours × every role × own and foreign objects: what answers, what refuses, what does not exist.

The pages come from the URL configuration: a new one without a line in LOWEST fails, and so does a path outside the
admin, the API and the public ones.
"""

from __future__ import annotations

import pytest
from django.core import serializers
from django.urls import get_resolver, reverse

from automation.models import WebhookDelivery
from automation.pages.urls import PAGES
from issues.models import Attempt, IssueSession, SessionEvent
from projects.models import Membership, Project, Role
from tests.factories import (
    create_attempt,
    create_credential,
    create_project,
    create_result,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db
MARK = "of-the-other-team"
LADDER = ["staff", Role.VIEWER, Role.OPERATOR, Role.MANAGER, "superuser"]
NOBODY = "nobody"
# The lowest role for GET and for POST; "staff" for what shows everybody only their own; NOBODY: 405 for all.
LOWEST: dict[str, tuple[str, str]] = {
    "attention": ("staff", NOBODY),
    "analytics": ("staff", NOBODY),
    "analytics-csv": ("staff", NOBODY),
    "doctor": ("staff", Role.OPERATOR),
    "clusters": ("superuser", NOBODY),
    "pause-everything": (Role.OPERATOR, Role.OPERATOR),
    "remove-demo": (Role.MANAGER, Role.MANAGER),
    "link-repository": ("superuser", "superuser"),
    "github-app": ("superuser", NOBODY),
    "github-app-made": ("superuser", NOBODY),
    "github-app-installed": ("staff", NOBODY),
    "github-account": ("staff", NOBODY),
    "github-connect": (NOBODY, "staff"),
    "github-disconnect": (NOBODY, "staff"),
    "link-checks": (Role.MANAGER, NOBODY),
    "link-check": (NOBODY, Role.MANAGER),
    "link-token": (NOBODY, Role.MANAGER),
    "link-branch": (NOBODY, Role.MANAGER),
    "webhook": (Role.MANAGER, NOBODY),
    "webhook-make": (NOBODY, Role.MANAGER),
    "webhook-secret": (NOBODY, Role.MANAGER),
    "deliveries": ("staff", NOBODY),
    "delivery-replay": (NOBODY, Role.OPERATOR),
    "dry-run": (Role.VIEWER, NOBODY),
    "board": (Role.VIEWER, NOBODY),
    "session": (Role.VIEWER, NOBODY),
    "log-events": (Role.VIEWER, NOBODY),
    "log-raw": (Role.VIEWER, NOBODY),
    "diff-raw": (Role.VIEWER, NOBODY),
    "session-verb": (NOBODY, Role.OPERATOR),
    "project-verb": (NOBODY, Role.OPERATOR),
}
SESSION_VERBS = ["start", "retry", "skip", "stop"]
PROJECT_VERBS = ["sync", "start-all", "start-automation", "pause"]
CONFIRMED = {"start-all", "pause", "skip", "stop"}
CASES = sorted(
    {
        (name, verb)
        for _, _, name in PAGES
        for verb in {
            "session-verb": SESSION_VERBS,
            "project-verb": PROJECT_VERBS,
            "link-check": ["token"],
        }.get(name, [""])
    }
)
ROUTE = {name: route for route, _, name in PAGES}
PUBLIC = {"", "favicon.ico", "api", "healthz", "readyz", "metrics", "webhooks/github", "webhooks/github/"}


@pytest.fixture
def world(settings, tmp_path):
    """A failed session with an attempt, a result and an event; all of them carry MARK wherever they can."""
    settings.GITHUB_API_URL = settings.GITHUB_WEB_URL = "http://127.0.0.1:9"
    settings.AUTOWRKERS_LOG_ROOT = tmp_path
    project = create_project(name=MARK, error_message=MARK, lint_command=MARK, credential=create_credential())
    session = create_session(project=project, status="failed", github_issue_title=MARK, last_error=MARK)
    attempt = create_attempt(session, message=MARK, prompt=MARK)
    IssueSession.objects.filter(pk=session.pk).update(session=attempt)
    create_result(session, output=MARK, attempt=attempt)
    SessionEvent.objects.create(issue_session=session, actor=MARK, verb="moved", message=MARK)
    WebhookDelivery.objects.create(
        delivery_id=MARK, event="issues", project=project, state="done", reason=MARK
    )
    attempt.transcript_path.write_text(f'{{"n": 0, "at": "", "stream": "note", "line": "{MARK}"}}\n')
    return attempt


def path_of(attempt, name, verb):
    """The page's path for the objects of `attempt`; an argument that nobody knows fails."""
    session = attempt.issue_session
    delivery = WebhookDelivery.objects.filter(project=session.project).first()
    of = {
        "project": session.project_id,
        "session": session.pk,
        "attempt": attempt.pk,
        "deliveries": delivery and delivery.pk,
    }
    route = ROUTE[name]
    args = []
    if "<int:pk>" in route:
        args.append(of[route.split("/")[0]])
    if "<str:" in route:
        args.append(verb)
    assert route.count("<") == len(args), f"teach this test the arguments of {route}"
    return reverse(f"admin:{name}", args=args)


def somebody(role, project):
    if role == "superuser":
        return create_superuser()
    user = create_user(is_staff=True)
    if role in Role.values:
        Membership.objects.create(user=user, project=project, role=role)
    return user


def rows():
    """Everything that must not change."""
    kept = [
        *Project.objects.all(),
        *IssueSession.objects.all(),
        *SessionEvent.objects.all(),
        *Attempt.objects.all(),
    ]
    return serializers.serialize("json", kept)


def ask(client, method, name, verb, path):
    return getattr(client, method)(path, {"stop_running": ""} if verb == "pause" and method == "post" else {})


def lowest(method, name, verb):
    get, post = LOWEST[name]
    if method == "get" and verb in CONFIRMED:
        return Role.OPERATOR
    return get if method == "get" else post


def test_every_page_has_a_line_in_the_matrix():
    assert {name for _, _, name in PAGES} == set(LOWEST)


def test_nothing_else_is_served_beside_the_admin_the_api_and_the_public_paths():
    served = {str(pattern.pattern) for pattern in get_resolver().url_patterns}
    assert served == {*PUBLIC, "admin/", "api/"}


@pytest.mark.parametrize("role", LADDER)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("name", "verb"), CASES)
def test_own_objects_answer_by_role(client, world, name, verb, method, role):
    client.force_login(somebody(role, world.issue_session.project))
    path = path_of(world, name, verb)
    status = ask(client, method, name, verb, path).status_code
    needed = lowest(method, name, verb)
    if role == "staff" and "<int:pk>" in ROUTE[name]:
        assert status in (404, 405)
    elif needed == NOBODY:
        assert status == 405
    elif LADDER.index(role) < LADDER.index(needed):
        assert status == 403
    else:
        assert status in (200, 302, 400)  # 400: a form that wants more


@pytest.mark.parametrize("role", ["staff", *Role.values])
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("name", "verb"), CASES)
def test_foreign_objects_do_not_exist(client, world, name, verb, method, role):
    client.force_login(somebody(role, create_project()))
    before = rows()
    answer = ask(client, method, name, verb, path_of(world, name, verb))
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert MARK not in text.decode()
    if "<int:pk>" in ROUTE[name]:
        assert answer.status_code in (404, 405)
    assert rows() == before


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("name", "verb"), CASES)
def test_who_is_no_staff_is_sent_to_the_login(client, world, name, verb, method):
    for user in (None, create_user(Role.MANAGER, project=world.issue_session.project)):
        if user is not None:
            client.force_login(user)
        before = rows()
        answer = ask(client, method, name, verb, path_of(world, name, verb))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/login/")
        assert rows() == before


@pytest.mark.parametrize(("name", "verb"), CASES)
def test_an_archived_project_is_gone_for_everybody(client, world, name, verb):
    Project.objects.update(archived_at="2026-01-01T00:00:00Z")
    client.force_login(create_superuser())
    for method in ("get", "post"):
        answer = ask(client, method, name, verb, path_of(world, name, verb))
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert MARK not in text.decode()
        if "<int:pk>" in ROUTE[name]:
            assert answer.status_code in (404, 405)
