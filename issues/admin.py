"""The admin of sessions, attempts and events. All of it is read; what people want they ask through the verbs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from issues import verbs
from issues.asking_admin import ask_first
from issues.listing import issue_number
from issues.models import Attempt, IssueSession, SessionEvent
from projects.access import actor_name
from projects.admin_scope import JournalAdmin
from projects.amounts import usd
from projects.changelist import DateFilter, ProjectFilter
from projects.columns import agent_name, worded


@admin.register(IssueSession)
class IssueSessionAdmin(JournalAdmin):
    list_display = [
        "issue",
        "project",
        "status",
        "reason",
        "failed_tries",
        "pull_request",
        "queued_at",
        "record",
    ]
    list_display_links = ["record"]
    words = {
        "github_issue_labels": ", ".join,
        "complexity_reasons": ", ".join,
        "issue_author_association": lambda code: worded(code.lower()),
        **dict.fromkeys(("reason", "issue_state", "complexity_level", "pr_checks", "pr_review"), worded),
    }
    empty_text = "Each open issue of a linked repository gets a session at the next sync."
    list_filter = [ProjectFilter, "status", "pr_state", "manual_review"]
    list_defer = ("github_issue_body", "last_error", "complexity_reasons", "manual_review_reason")
    ordering = ["-id"]
    list_select_related = ["project"]
    links = (
        "completed_at__gte",
        "completed_at__lt",
        "status__in",
        "pr_state__in",
        "attempts__exact",
        "round__exact",
    )
    search_fields = ["github_issue_title"]
    search_help_text = "An issue's number, or words of its title."
    actions = ["start", "retry", "skip", "stop"]
    fieldsets = [
        (None, {"fields": ["project", "status", "reason", "last_error", "not_before", "pull_request"]}),
        (
            "Issue",
            {
                "fields": [
                    "github_issue_number",
                    "github_issue_title",
                    "github_issue_body",
                    "github_issue_labels",
                    "issue_state",
                    "issue_author",
                    "issue_author_association",
                    "issue_created_at",
                    "issue_updated_at",
                    "complexity_level",
                    "complexity_score",
                    "complexity_reasons",
                ]
            },
        ),
        (
            "Work",
            {
                "fields": [
                    "step",
                    "round",
                    "failed_tries",
                    "session",
                    "branch_name",
                    "base_sha",
                    "head_sha",
                    "pushed_sha",
                    "manual_review",
                    "pr_state",
                    "pr_checks",
                    "pr_review",
                    "merged_at",
                    "merged_by",
                    "merge_sha",
                    "foreign_commits",
                    "created_at",
                    "started_at",
                    "completed_at",
                ]
            },
        ),
        (
            "Queue and lease",
            {
                "classes": ["collapse"],
                "fields": [
                    "public_id",
                    "queued_at",
                    "queued_by",
                    "enqueued_at",
                    "requested_verb",
                    "requested_by",
                    "requested_at",
                    "parked_times",
                    "followed_at",
                    "lease_owner",
                    "lease_until",
                    "heard_at",
                    "fence",
                ],
            },
        ),
    ]

    @admin.display(description="issue")
    def issue(self, session: IssueSession) -> str:
        url = reverse("admin:session", args=[session.pk])
        number, title = session.github_issue_number, session.github_issue_title
        return format_html('<a href="{}">#{} <bdi>{}</bdi></a>', url, number, title)

    @admin.display(description="failed tries")
    def failed_tries(self, session: IssueSession) -> int:
        return session.attempts

    @admin.display(description="record")
    def record(self, session: IssueSession) -> str:
        return f"Record {session.pk}"

    @admin.display(description="pull request")
    def pull_request(self, session: IssueSession) -> str:
        if not session.pr_number:
            return "-"
        return format_html('<a href="{}">#{}</a> {}', session.pr_url, session.pr_number, session.pr_state)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A number, with or without #, is the issue's."""
        number = issue_number(search_term)
        if number is not None:
            return queryset.filter(github_issue_number=number), False
        return super().get_search_results(request, queryset, search_term)

    @admin.action(description="Start", permissions=["operate"])
    def start(self, request: HttpRequest, rows: QuerySet[IssueSession]) -> None:
        self._ask(request, rows, verbs.start, done="Queued")

    @admin.action(description="Retry", permissions=["operate"])
    def retry(self, request: HttpRequest, rows: QuerySet[IssueSession]) -> None:
        self._ask(request, rows, verbs.retry, done="Queued for another try")

    @admin.action(description="Skip", permissions=["operate"])
    def skip(self, request: HttpRequest, rows: QuerySet[IssueSession]) -> HttpResponse | None:
        return self._ask_twice(request, rows, verbs.skip, done="Skipped, or about to be")

    @admin.action(description="Stop", permissions=["operate"])
    def stop(self, request: HttpRequest, rows: QuerySet[IssueSession]) -> HttpResponse | None:
        return self._ask_twice(request, rows, verbs.stop, done="Stopped, or about to be")

    def _ask_twice(
        self, request: HttpRequest, rows: QuerySet[IssueSession], verb: Callable[..., str], *, done: str
    ) -> HttpResponse | None:
        question = ask_first(self, request, rows, verb.__name__)
        if question is None:
            self._ask(request, rows, verb, done=done)
        return question

    def _ask(
        self, request: HttpRequest, rows: QuerySet[IssueSession], verb: Callable[..., str], *, done: str
    ) -> None:
        actor = actor_name(request.user)
        self.act_on_each(request, rows, lambda session: verb(session, actor=actor), done=done)


class OfSessionAdmin(JournalAdmin):
    """Rows that belong to a session: newest first, found by the issue's number."""

    project_path = "issue_session__project"
    date_column = "created_at"
    ordering = ["-created_at", "-id"]
    sortable_by = ["created_at"]
    list_select_related = ["issue_session"]
    list_defer: tuple[str, ...] = tuple(f"issue_session__{name}" for name in IssueSessionAdmin.list_defer)
    search_fields = ["=issue_session__github_issue_number"]
    search_help_text = "An issue's number."
    links: tuple[str, ...] = ("issue_session__id__exact",)

    @admin.display(description="session")
    def of_session(self, row: Any) -> str:
        session = row.issue_session
        if session is None:
            return "-"
        return format_html("#{} <bdi>{}</bdi>", session.github_issue_number, session.github_issue_title)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        number = issue_number(search_term)
        if number is None:
            return queryset.none(), False
        return queryset.filter(issue_session__github_issue_number=number), False


@admin.register(Attempt)
class AttemptAdmin(OfSessionAdmin):
    list_display = [
        "of_session",
        "number",
        "kind",
        "outcome",
        "agent",
        "cost_usd",
        "started_at",
        "ended_at",
    ]
    words = {"outcome": worded, "agent": agent_name, "cost_usd": usd}
    empty_text = "Each start of an agent on a session is an attempt."
    list_filter = [ProjectFilter, DateFilter, "kind"]
    list_defer = (*OfSessionAdmin.list_defer, "prompt", "message", "summary")
    date_column = "started_at"
    ordering = ["-started_at", "-id"]
    sortable_by = ["started_at"]
    links = (*OfSessionAdmin.links, "started_at__gte")


@admin.register(SessionEvent)
class SessionEventAdmin(OfSessionAdmin):
    list_display = ["created_at", "of_session", "verb", "old_status", "new_status", "reason", "actor"]
    words = dict.fromkeys(("verb", "old_status", "new_status", "step", "reason"), worded)
    empty_text = "Each change of a session is noted here."
    list_filter = [ProjectFilter, DateFilter]
    list_defer = (*OfSessionAdmin.list_defer, "message", "evidence")
