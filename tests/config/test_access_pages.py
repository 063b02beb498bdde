"""Which answer each data page gives to each role, for rows that the person may see; for every registered model."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success

from projects.models import (
    ApiToken,
    AuditEvent,
    Credential,
    Membership,
    Project,
    Role,
)
from tests.config.every_row import OF_THE_INSTALLATION, fill
from tests.factories import create_project, create_superuser, create_user

pytestmark = pytest.mark.django_db
OURS = {"projects", "issues", "verification", "automation"}
SUPERUSER = "superuser"
MODELS = list(admin.site._registry)
PAGES = ("changelist", "change", "history", "delete", "add")
UNLIKE_THE_REST = {  # (model, page): role -> status
    (Project, "delete"): {Role.MANAGER: 200, SUPERUSER: 200},
    (Project, "add"): {SUPERUSER: 302},  # the page that links a repository
    (Membership, "delete"): {SUPERUSER: 200},
    (Membership, "add"): {SUPERUSER: 200},
    (ApiToken, "add"): {Role.VIEWER: 200, Role.OPERATOR: 200, Role.MANAGER: 200, SUPERUSER: 200},
    (Success, "add"): {SUPERUSER: 403},
    (Failure, "add"): {SUPERUSER: 403},
    (OrmQ, "add"): {SUPERUSER: 403},
    (Schedule, "add"): {SUPERUSER: 403},
}
READONLY_PAGES = ("changelist", "change", "history")


def expected(model, page: str, role: str) -> int:
    special = UNLIKE_THE_REST.get((model, page), {})
    if role in special:
        return special[role]
    if model._meta.app_label not in OURS:
        return 200 if role == SUPERUSER else 403
    if model in OF_THE_INSTALLATION and role != SUPERUSER:
        return 403 if page in ("changelist", "add") else 404
    if model is Credential and role in (Role.VIEWER, Role.OPERATOR) and page not in ("changelist", "add"):
        return 404  # managers only
    return 200 if page in READONLY_PAGES else 403


@pytest.fixture
def project():
    now = timezone.now()
    Group.objects.create(name="g")
    Schedule.objects.create(func="f")
    OrmQ.objects.create(key="k", payload="")
    for number, success in enumerate((True, False)):
        model = Success if success else Failure
        model.objects.create(id=str(number), name="n", func="f", started=now, stopped=now, success=success)
    return create_project()


def person(role: str, project):
    if role == SUPERUSER:
        return create_superuser()
    return create_user(role, project=project, is_staff=True)


def seen_row(model):
    rows = model._default_manager.order_by("-pk")
    if model is AuditEvent:
        rows = rows.filter(project__isnull=False)
    if model is Credential:
        rows = rows.filter(made_app=None)
    return rows.values_list("pk", flat=True)[0]


@pytest.mark.parametrize("role", [*Role.values, SUPERUSER])
@pytest.mark.parametrize("model", MODELS)
def test_each_page_answers_by_the_role(client, project, model, role):
    user = person(role, project)
    fill(project, user, "a mark")
    client.force_login(user)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    answers = {}
    for page in PAGES:
        args = [] if page in ("changelist", "add") else [seen_row(model)]
        answers[page] = client.get(reverse(f"{name}_{page}", args=args)).status_code
    assert answers == {page: expected(model, page, role) for page in PAGES}
