"""Filling a table with very many rows in one statement, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Model

from projects.models import Membership, Project, Role

PROJECTS = 100


def fill(model: type[Model], count: int, **expressions: str) -> None:
    """Insert `count` rows. `expressions` are SQL of `i`, 1 to `count`; all other columns get the field's default."""
    blank, names, wanted, given = model(), [], [], []
    for field in model._meta.concrete_fields:
        if field.primary_key:
            continue
        names.append(connection.ops.quote_name(str(field.column)))
        if field.name in expressions:
            wanted.append(expressions[field.name])
            continue
        wanted.append("%s")
        given.append(field.get_db_prep_save(getattr(blank, field.attname), connection))
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        columns, values = ", ".join(names), ", ".join(wanted)
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {_numbers(count)}", given)  # noqa: S608
    _analyze(model)


def create_projects() -> list[int]:
    Project.objects.bulk_create(
        Project(name=f"project {n}", github_repo=f"octo/repo-{n}", github_host="github.example")
        for n in range(PROJECTS)
    )
    _analyze(Project)
    return list(Project.objects.order_by("id").values_list("pk", flat=True))


def _analyze(model: type[Model]) -> None:
    """What PostgreSQL does by itself a minute later."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def superuser() -> Any:
    return get_user_model().objects.create_superuser("boss", "boss@example.com", "x")


def manager_of(count: int) -> Any:
    """A person of the staff with that role on the first `count` projects."""
    person = get_user_model().objects.create_user("manager", "manager@example.com", "x", is_staff=True)
    for project in Project.objects.order_by("id")[:count]:
        Membership.objects.create(user=person, project=project, role=Role.MANAGER)
    return person


def ago(seconds: str) -> str:
    """SQL for the moment that lies so many seconds (SQL again) back."""
    if connection.vendor == "postgresql":
        return f"now() - ({seconds}) * interval '1 second'"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%S', 'now', '-' || ({seconds}) || ' seconds')"


def one_of(*values: str) -> str:
    """SQL that takes the values in turn."""
    cases = " ".join(f"WHEN {n} THEN '{value}'" for n, value in enumerate(values))
    return f"CASE i %% {len(values)} {cases} END"


def true_where(condition: str) -> str:
    return (
        f"({condition})" if connection.vendor == "postgresql" else f"CASE WHEN {condition} THEN 1 ELSE 0 END"
    )


def _numbers(count: int) -> str:
    if connection.vendor == "postgresql":
        return f"generate_series(1, {count}) AS i"
    more = f"SELECT i + 1 FROM n WHERE i < {count}"  # noqa: S608
    return f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL {more}) SELECT i FROM n)"  # noqa: S608
