"""The management site: Django's admin with our pages in front of its data pages."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from automation.pages.attention import count_waiting
from automation.pages.github_login import begin_login, github_answer
from automation.pages.list_query import refuse_what_django_passes_over
from automation.pages.login import LoginForm
from automation.pages.outside import LOGIN_ANSWER, may_lead_to_github
from automation.pages.projects import projects
from automation.pages.query import Query
from automation.pages.strictness import mark_refused, refusal, refusing_values
from automation.pages.urls import PAGES
from automation.pages.way_back import way_back
from projects.accounts import may_log_in

ENDED = "Your session has ended, and nothing was changed. Log in, then send the form again."


class ManagementSite(AdminSite):
    site_header = site_title = "Autowrkers"
    index_title = "Projects"
    site_url = None
    enable_nav_sidebar = False
    login_form = LoginForm

    def get_urls(self) -> list[URLResolver | URLPattern]:
        login = [
            path("login/github/", begin_login, name="github-login"),
            path(LOGIN_ANSWER, github_answer, name="github-answer"),
        ]
        ours = [path(route, self.admin_view(view), name=name) for route, view, name in PAGES]
        return [*login, *ours, path("data/", self.admin_view(self.data), name="data"), *super().get_urls()]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A form that comes after the end of its session leads to the login, and from there back to its page."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            is_late = request.method == "POST" and not self.has_permission(request)
            if is_late and request.path != reverse("admin:logout"):
                messages.warning(request, ENDED)
                return redirect_to_login(way_back(request), reverse("admin:login"))
            if not self.has_permission(request):
                return inner(request, *args, **kwargs)
            with refusing_values(request):
                answer = refusal(request) or mark_refused(request, inner(request, *args, **kwargs))
                return refuse_what_django_passes_over(request, answer)

        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        by_github = may_log_in()
        page = super().login(request, {**(extra_context or {}), "github_login": by_github})
        return may_lead_to_github(page) if by_github else page

    @method_decorator(require_safe)
    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return projects(request)

    @method_decorator(require_safe)
    def data(self, request: HttpRequest) -> HttpResponse:
        """Django's own first page: every table that the person may look at."""
        Query(request)
        return super().index(request, {"title": "Data"})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        if context["has_permission"]:
            context["attention_count"] = count_waiting(request.user)
        return context
