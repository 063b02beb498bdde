"""The admin: every model readable and safe, secrets unreadable, rows and actions by role."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.utils import timezone

from automation.models import Alert, Effect, Host, Notification, NotificationRoute, WebhookDelivery
from issues.models import IssueSession, SessionEvent
from issues.states import Status
from projects.access import create_token
from projects.models import (
    ApiToken,
    AuditEvent,
    Credential,
    GitHubApp,
    GitHubIdentity,
    Membership,
    Project,
    Role,
)
from projects.models.audit import record
from tests.factories import (
    API_URL,
    create_attempt,
    create_credential,
    create_membership,
    create_project,
    create_result,
    create_session,
    create_superuser,
    create_user,
)
from tests.projects.admin_forms import act, page, save

pytestmark = pytest.mark.django_db
TOKEN = "ghp_" + "S3cr3t" * 6
INTERNAL = {
    "AppHook",
    "CachedAnswer",
    "RepositoryHook",
    "RequestCount",
    "StoredReply",
}  # book-keeping of no use to people
MODELS = [
    model
    for app in ("projects", "issues", "verification", "automation")
    for model in apps.get_app_config(app).get_models()
    if model.__name__ not in INTERNAL
]


@pytest.fixture
def boss(client):
    client.force_login(create_superuser(username="boss"))
    return client


@pytest.fixture
def rows():
    """One row of every model, on one project whose secrets are known."""
    project = create_project(
        name="<script>alert(1)</script>", webhook_credential=create_credential(TOKEN + "w")
    )
    project.credential = create_credential(TOKEN)
    project.save()
    session = create_session(project=project, github_issue_title="<script>alert(2)</script>", pr_number=5)
    create_attempt(session)
    create_result(session)
    SessionEvent.objects.create(issue_session=session, actor="x", verb="moved")
    record(actor="x", verb="project.changed", subject=project, project=project)
    create_membership(project=project, user=create_superuser())
    create_token(create_superuser(), scope="read")
    GitHubApp.objects.create(
        api_url=API_URL, app_id=1, name="<script>alert(3)</script>", credential=create_credential(TOKEN + "k")
    )
    GitHubIdentity.objects.create(
        user=create_superuser(),
        github_host="github.com",
        github_id=1,
        login="ada",
        credential=project.credential,
    )
    Alert.objects.create(
        kind="quota_low", subject="ada", message=TOKEN[:2], first_at=timezone.now(), last_at=timezone.now()
    )
    Host.objects.create(name="one")
    Effect.objects.create(issue_session=session, round=1, kind="push")
    WebhookDelivery.objects.create(delivery_id="d", event="issues", project=project)
    route = NotificationRoute.objects.create(
        project=project, channel="slack", target=f"https://hooks.example.com/{TOKEN}"
    )
    Notification.objects.create(route=route, issue_session=session, event="e", dedupe_key="k")
    return project


def test_every_model_is_registered():
    assert [model for model in MODELS if not admin.site.is_registered(model)] == []


@pytest.mark.parametrize("model", MODELS)
def test_every_page_opens_and_shows_no_secret_and_no_script(boss, rows, model):
    known = [TOKEN, *Credential.objects.values_list("fingerprint", flat=True)]
    known += ApiToken.objects.values_list("token_hash", flat=True)
    row = model._default_manager.first()
    for path in (
        page(model),
        page(model, "change", row.pk),
        page(model, "history", row.pk),
        page(model) + ("?q=x" if admin.site.get_model_admin(model).search_fields else ""),
    ):
        answer = boss.get(path)
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "<script>alert" not in text
        assert not [secret for secret in known if secret in text]


@pytest.mark.parametrize("model", [model for model in MODELS if model not in (Project, Membership, ApiToken)])
def test_journals_and_states_can_not_be_added_changed_or_deleted(boss, rows, model):
    row = model._default_manager.first()
    before = model._default_manager.values().get(pk=row.pk)
    paths = [page(model, "add"), page(model, "change", row.pk), page(model, "delete", row.pk)]
    body = dict.fromkeys(before, "1")
    answers = [boss.post(path, body | {"post": "yes"}).status_code for path in paths]
    assert answers == (
        [200, 403, 403] if model is ApiToken else [403, 403, 403]
    )  # a form that is not filled in
    assert model._default_manager.values().get(pk=row.pk) == before


def test_a_secret_is_typed_in_kept_and_removed(boss):
    save(boss, name="app", github_repo="octo/app", github_token=TOKEN)
    project = Project.objects.get()
    assert project.credential.reveal() == TOKEN
    save(boss, project, name="new name")
    project.refresh_from_db()
    assert (project.name, project.credential.reveal()) == ("new name", TOKEN)
    save(boss, project, forget_github_token="on")
    project.refresh_from_db()
    assert project.credential is None
    verbs = list(AuditEvent.objects.order_by("id").values_list("verb", "detail__fields"))
    assert verbs == [
        ("project.created", None),
        ("role.given", None),
        ("project.changed", ["name"]),
        ("project.changed", ["github_token"]),
    ]


def test_a_form_with_an_error_does_not_give_the_secret_back(boss):
    answer = save(boss, name="app", github_repo="no repo", github_token=TOKEN)
    assert "Write owner/name" in answer.content.decode()
    assert TOKEN not in answer.content.decode()


def test_a_save_leaves_the_columns_of_workers_alone(boss):
    project = create_project()
    Project.objects.filter(pk=project.pk).update(fence=7)
    for name, value in {"fence": "1", "automation_enabled": "on", "error_code": "x"}.items():
        answer = save(boss, project, name="new", **{name: value})
        assert (answer.status_code, name in answer.content.decode()) == (400, True)
    assert save(boss, project, name="new").status_code == 302
    project.refresh_from_db()
    assert (project.name, project.fence, project.automation_enabled, project.error_code) == (
        "new",
        7,
        False,
        "",
    )


def test_an_empty_list_in_the_form_means_none(boss):
    project = create_project()
    save(boss, project, skip_labels="", filter_labels="")
    project.refresh_from_db()
    assert (project.skip_labels, project.issue_filter) == ([], {})


def test_deleting_a_project_archives_it(boss):
    session = create_session()
    path = page(Project, "delete", session.project_id)
    assert "There is no way back" in boss.get(path).content.decode()
    boss.post(path, {"post": "yes"})
    assert Project.objects.get().archived_at is not None
    assert IssueSession.objects.exists()
    assert boss.get(page(Project, "change", session.project_id)).status_code == 404


def test_a_role_leaves_audit_rows(boss):
    project, user = create_project(), create_user()
    boss.post(page(Membership, "add"), {"project": project.pk, "user": user.pk, "role": "viewer"})
    membership = Membership.objects.get()
    boss.post(
        page(Membership, "change", membership.pk), {"project": project.pk, "user": user.pk, "role": "manager"}
    )
    act(boss, Membership, "delete_selected", membership.pk)
    boss.post(
        page(Membership), {"action": "delete_selected", "_selected_action": membership.pk, "post": "yes"}
    )
    verbs = AuditEvent.objects.order_by("id").values_list("verb", "detail__role")
    assert list(verbs) == [("role.given", "viewer"), ("role.changed", "manager"), ("role.taken", "manager")]


def test_a_role_is_not_given_on_an_archived_project(boss):
    project = create_project(archived_at="2026-01-01T00:00:00Z")
    boss.post(page(Membership, "add"), {"project": project.pk, "user": create_user().pk, "role": "viewer"})
    assert not Membership.objects.exists()


def test_a_token_is_revoked_and_never_made_here(boss):
    token, _ = create_token(create_superuser(), scope="read", name="ci")
    act(boss, ApiToken, "revoke", token.pk)
    token.refresh_from_db()
    assert token.revoked_at is not None


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("retry", Status.FAILED, Status.PENDING),
        ("skip", Status.PENDING, Status.SKIPPED),
        ("stop", Status.IN_PROGRESS, Status.NEEDS_REVIEW),
        ("start", Status.SKIPPED, Status.PENDING),
    ],
)
def test_actions_on_sessions_go_through_the_verbs(boss, action, before, after):
    session = create_session(status=before)
    act(boss, IssueSession, action, session.pk)
    session.refresh_from_db()
    assert session.status == after
    assert SessionEvent.objects.get().actor == "boss"


def test_an_action_says_of_each_refused_row_why(boss):
    good = create_session()
    bad = create_session(status=Status.COMPLETED, github_issue_title="Done long ago")
    text = act(boss, IssueSession, "skip", good.pk, bad.pk).content.decode()
    assert "Skipped, or about to be: 1." in text
    assert re.search(
        r"Done long ago: A session that is completed cannot be asked to skip.* Possible now: start", text
    )


def test_an_action_does_nothing_by_get(boss):
    session = create_session()
    boss.get(page(IssueSession), {"action": "skip", "_selected_action": session.pk})
    session.refresh_from_db()
    assert session.status == Status.PENDING


def test_actions_on_projects_sync_and_switch_automation(boss):
    project = create_project()
    for action in ("sync", "start_automation"):
        act(boss, Project, action, project.pk)
    project.refresh_from_db()
    assert project.sync_requested_at is not None
    assert project.automation_enabled
    act(boss, Project, "stop_automation", project.pk)
    project.refresh_from_db()
    assert not project.automation_enabled


def test_a_number_finds_the_issue(boss):
    create_session(github_issue_number=77, github_issue_title="seventy-seven")
    create_session(github_issue_number=78, github_issue_title="77 problems")
    text = boss.get(page(IssueSession), {"q": "#77"}).content.decode()
    assert "seventy-seven" in text
    assert "77 problems" not in text
    assert boss.get(page(IssueSession), {"q": "9" * 50}).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_a_list_costs_the_same_for_many_rows(boss, rows, model, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        boss.get(page(model))


def test_a_manager_edits_an_operator_looks_at_the_settings(client):
    project = create_project()
    client.force_login(create_user(Role.MANAGER, project=project, is_staff=True))
    assert save(client, project, name="theirs").status_code == 302
    client.force_login(create_user(Role.OPERATOR, project=project, is_staff=True))
    shown = client.get(page(Project, "change", project.pk)).content.decode()
    assert ("github_token" in shown, "<h1>Settings</h1>" in shown) == (False, True)
    assert client.post(page(Project, "change", project.pk), {"name": "mine"}).status_code == 403
    project.refresh_from_db()
    assert project.name == "theirs"
