"""The management site: Django's admin with our pages in front of its data pages."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path

from automation.pages.attention import count_waiting
from automation.pages.projects import projects
from automation.pages.urls import PAGES


class ManagementSite(AdminSite):
    site_header = site_title = "Autowrkers"
    index_title = "Projects"
    site_url = None
    enable_nav_sidebar = True

    def get_urls(self) -> list[URLResolver | URLPattern]:
        ours = [path(route, self.admin_view(view), name=name) for route, view, name in PAGES]
        return [*ours, path("data/", self.admin_view(self.data), name="data"), *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return projects(request)

    def data(self, request: HttpRequest) -> HttpResponse:
        """Django's own first page: every table that the person may look at."""
        return super().index(request, {"title": "Data"})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        if context["has_permission"]:
            context["attention_count"] = count_waiting(request.user)
        return context
