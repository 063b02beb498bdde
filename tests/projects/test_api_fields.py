"""Mass assignment: every column of a project is sent, one by one; only the published ones change."""

from __future__ import annotations

import pytest
from django.utils import timezone

from projects.models import Project
from tests.factories import api_client, create_credential, create_project, create_superuser

pytestmark = pytest.mark.django_db
SETTABLE = {
    "name": "new",
    "github_repo": "new/repo",
    "working_dir": "repos/new",
    "default_branch": "new",
    "issue_filter": {"labels": ["new"]},
    "auto_sync": False,
    "auto_start": True,
    "max_concurrent": 9,
    "setup_command": "new",
    "verification_command": "new",
    "lint_command": "new",
    "type_check_command": "new",
    "test_command": "new",
    "build_command": "new",
    "smoke_command": "new",
    "custom_checks": [{"name": "new", "command": "new"}],
    "agent": "codex",
    "agent_model": "new",
    "agent_command": "new",
    "attempt_max_minutes": 9,
    "attempt_silence_minutes": 9,
    "attempt_max_turns": 9,
    "attempt_max_cost_usd": None,
    "monthly_budget_usd": None,
    "check_max_minutes": 9,
    "skip_labels": ["new"],
    "complex_labels": ["new"],
    "review_level": "never",
    "trusted_authors": ["new"],
}
COLUMNS = sorted({name for field in Project._meta.fields for name in (field.name, field.attname)} | {"pk"})


def value_for(name):
    if name in SETTABLE:
        return SETTABLE[name]
    if name in ("credential", "credential_id", "webhook_credential", "webhook_credential_id"):
        return create_credential().pk
    column = Project._meta.get_field("id" if name == "pk" else name)
    kinds = {"DateTimeField": timezone.now().isoformat(), "BooleanField": True, "JSONField": {"x": 1}}
    return kinds.get(column.get_internal_type(), "99")


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("method", ["post", "patch"])
def test_only_the_published_columns_change(name, method):
    client = api_client(create_superuser())
    value = value_for(name)
    project = create_project()
    path = "/api/projects"
    if method == "patch":
        client.patch(f"{path}/{project.pk}", {name: value})
    else:
        Project.objects.update(archived_at=timezone.now())  # its name and repository are free for another one
        client.post(path, {"name": project.name, "github_repo": project.github_repo} | {name: value})
        Project.objects.filter(pk=project.pk).update(archived_at=None)
    written = Project.objects.latest("id")
    ours = {"id", "created_at", "retry_at", name if name in SETTABLE else "id"}
    before = {key: kept for key, kept in project.__dict__.items() if key not in ours and key != "_state"}
    assert before == {key: getattr(written, key) for key in before}
    if name in SETTABLE:
        assert getattr(written, name) == value
    if method == "patch" and name not in SETTABLE:
        assert Project.objects.values("id", "created_at", "retry_at").get() == {
            "id": project.pk,
            "created_at": project.created_at,
            "retry_at": None,
        }
