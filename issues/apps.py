"""The issues application: what is to be done, and where it stands."""

from __future__ import annotations

from django.apps import AppConfig


class IssuesConfig(AppConfig):
    name = "issues"
