"""The projects application: what a repository is and how to reach it."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register

from projects import checks


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        for check in checks.ALL:
            register(check)
