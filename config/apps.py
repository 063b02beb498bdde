"""Puts our management site in the place of Django's own admin site."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class ManagementConfig(AdminConfig):
    default = False
    default_site = "automation.pages.site.ManagementSite"
