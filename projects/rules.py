"""Rules about a project that look beyond one field: where its mirror may lie, who may pick which agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from projects.models import Project

OWN_FOLDERS = frozenset({"mirrors", "clones", "homes", "checks"})


def check_working_dir(value: str, user: Any, project: Project | None) -> None:
    """A folder inside the workspace root that is neither one of our own nor shared with another project.

    Only a superuser chooses it: a refusal tells of folders of projects that others do not see.
    """
    if value == (project.working_dir if project else ""):
        return
    if not user.is_superuser:
        raise ValidationError("Only a superuser sets or changes this: leave it as it is.", code="superuser")
    if not value:
        return
    root: Path = settings.AUTOWRKERS_WORKSPACE_ROOT.resolve()
    try:
        path = (root / value).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ValidationError("This is not a usable path.", code="invalid_path") from error
    if path == root or not path.is_relative_to(root):
        raise ValidationError(
            "Write a folder inside the workspace, for example repos/my-app, or leave it empty.",
            code="outside_workspace",
        )
    first = path.relative_to(root).parts[0]
    if first in OWN_FOLDERS:
        raise ValidationError(f"The folder {first} is kept for our own use.", code="reserved_path")
    others = Project.objects.exclude(pk=project.pk if project else 0).exclude(working_dir="")
    for taken in others.values_list("working_dir", flat=True):
        other = (root / taken).resolve()
        if path.is_relative_to(other) or other.is_relative_to(path):
            raise ValidationError("Another project uses this folder.", code="taken_path")


def check_agent(agent: str, user: Any, project: Project | None) -> None:
    """The scripted agent reads its script from this host: only a superuser gives it to a project."""
    unchanged = project is not None and project.agent == agent
    if agent == Project.Agent.SCRIPTED and not unchanged and not user.is_superuser:
        raise ValidationError("The scripted agent is for demonstrations.", code="scripted_agent")
