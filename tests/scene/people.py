"""Who looks at the scene: a site admin, a manager, an operator, a viewer, and somebody without any project."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from projects.models import Membership, Project, Role

PASSWORD = "scene-password-1"


@dataclass(frozen=True)
class People:
    superuser: User
    manager: User
    operator: User
    viewer: User
    stranger: User


def create() -> People:
    def person(name: str, first: str, **values: bool) -> User:
        mail = f"{name}@example.com"
        return User.objects.create_user(name, mail, PASSWORD, first_name=first, **{"is_staff": True} | values)

    return People(
        superuser=person("ada", "Ada", is_superuser=True),
        manager=person("mara", "Mara"),
        operator=person("otto", "Otto"),
        viewer=person("vera", "Vera"),
        stranger=person("sid", "Sid"),
    )


def give_roles(people: People, project: Project, **roles: str) -> None:
    """`manager=Role.MANAGER` and so on: who has which role on the project."""
    for name, role in roles.items():
        Membership.objects.create(project=project, user=getattr(people, name), role=role)


TEAM = {"manager": Role.MANAGER, "operator": Role.OPERATOR, "viewer": Role.VIEWER}
