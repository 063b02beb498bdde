"""The projects application: what a repository is and how to reach it."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register

from projects import checks, redaction


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        for secret in (settings.SECRET_KEY, *settings.FERNET_KEYS, settings.EMAIL_HOST_PASSWORD or ""):
            redaction.register(secret)
        redaction.register(settings.GITHUB_CLIENT_SECRET)
        redaction.register_variables(settings.AUTOWRKERS_AGENT_ENV)
        for check in checks.ALL:
            register(check)
