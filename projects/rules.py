"""Rules about a project that look beyond one field: its names, where its mirror may lie, who may pick which agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

from projects.agent_command import split_template
from projects.errors import OperatorError
from projects.models import Project

OWN_FOLDERS = frozenset({"mirrors", "clones", "homes", "checks"})


def check_name(value: str, project: Project | None) -> None:
    """Commands and people find a project by its name. Only a new name is refused."""
    if project is not None and value.lower() == project.name.lower():
        return
    if is_name_taken(value, project):
        raise ValidationError("Another project has this name: choose another one.", code="taken_name")


def is_name_taken(value: str, project: Project | None = None) -> bool:
    taken: bool = _others(project).filter(name__iexact=value).exists()
    return taken


def check_repository(value: str, project: Project | None) -> None:
    """One active project for each repository of a host, and a project that GitHub has answered keeps its own."""
    if project is not None and value.lower() == project.github_repo.lower():
        return
    if project is not None and project.github_id is not None:
        raise ValidationError(
            f"This project belongs to {project.github_repo}. GitHub's renames are followed by themselves; to work "
            "on another repository link a new project.",
            code="other_repository",
        )
    host = project.github_host if project else urlsplit(settings.GITHUB_API_URL).netloc
    if _others(project).filter(github_host=host, github_repo__iexact=value).exists():
        raise ValidationError(
            "This repository is linked already: use the project it has, or archive that one first.",
            code="linked",
        )


def _others(project: Project | None) -> Any:
    return Project.objects.active().exclude(pk=project.pk if project else 0)


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


def check_agent_command(agent: str, command: str, project: Project | None) -> None:
    """The command agent needs a template that can be filled in. One that is stored already stands in nobody's way."""
    is_stored = project is not None and (project.agent, project.agent_command) == (agent, command)
    if agent != Project.Agent.COMMAND or is_stored:
        return
    try:
        split_template(command)
    except OperatorError as error:
        raise ValidationError(str(error), code=error.code) from error
