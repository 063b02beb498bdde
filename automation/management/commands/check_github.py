"""check_github: `doctor --tag github`, the check of tokens and projects on GitHub by itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.management.base import CommandParser

from automation.console import find_project
from automation.management.commands import doctor
from projects.models import Project


class Command(doctor.Command):
    help = "Check GitHub tokens: valid, scopes, end, requests left; and what GitHub said of each project."
    tags: ClassVar[tuple[str, ...]] = ("github",)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("project", nargs="?", default="", help="Id, name or owner/repo; all unless told.")

    def projects(self, **options: Any) -> tuple[Project, ...]:
        return (find_project(options["project"]),) if options["project"] else super().projects(**options)
