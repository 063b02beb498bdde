"""Puts our management site in the place of Django's own admin site."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class ManagementConfig(AdminConfig):
    default = False
    default_site = "automation.pages.site.ManagementSite"

    def ready(self) -> None:
        super().ready()
        from automation import stock_admin  # noqa: PLC0415 - models and their admins are loaded only now

        stock_admin.replace()
