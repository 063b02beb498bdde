"""Which of a project's sessions its board shows: everything about it is in the URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.http import urlencode

from automation.pages.query import Query
from issues.listing import issue_number, with_label
from issues.models import IssueSession
from issues.states import Status
from projects.models import Project

LAST_PAGE = 1_000
PAGE_SIZE = 50
LONGEST_TEXT = 200
WORDS = 10
SORTS = {"activity": "Newest activity", "number": "Issue number"}


@dataclass(frozen=True)
class Wanted:
    statuses: list[str] = field(default_factory=list)
    label: str = ""
    q: str = ""
    sort: str = "activity"
    page: int = 1

    @classmethod
    def read(cls, request: HttpRequest) -> Self:
        """Raises BadRequest that names the parameter."""
        query = Query(request, "status", "label", "q", "sort", "page")
        statuses = [status for status in dict.fromkeys(request.GET.getlist("status")) if status]
        known = ", ".join(Status.values)
        query.refuse_unless(set(statuses) <= set(Status.values), "status", f"Write one of {known}.")
        texts = {name: request.GET.get(name, "").strip() for name in ("label", "q")}
        for name, text in texts.items():
            query.refuse_unless(
                is_line(text, LONGEST_TEXT), name, f"Write one line of at most {LONGEST_TEXT} characters."
            )
        sort = query.choice("sort", SORTS, "activity")
        page = query.number("page", default=1)
        query.refuse_unless(page <= LAST_PAGE, "page", f"The list ends at page {LAST_PAGE:,}.")
        return cls(statuses, texts["label"], texts["q"], sort, page)

    @property
    def is_filtered(self) -> bool:
        return bool(self.statuses or self.label or self.q)

    def url(self, **changes: Any) -> str:
        """The query string of this list with `changes`; what is the default is left out."""
        values = {
            "status": self.statuses,
            "label": self.label,
            "q": self.q,
            "sort": "" if self.sort == "activity" else self.sort,
            "page": "",
        } | changes
        return "?" + urlencode({name: value for name, value in values.items() if value}, doseq=True)

    def rows(self, project: Project) -> QuerySet[IssueSession]:
        """In order, without a column that the cards do not show."""
        rows: Any = project.sessions.all()
        if self.statuses:
            rows = rows.filter(status__in=self.statuses)
        if self.label:
            rows = with_label(rows, self.label)
        if self.q:
            rows = rows.filter(_about(self.q))
        order = ["-github_issue_number"] if self.sort == "number" else ["-changed_at", "-id"]
        ordered: QuerySet[IssueSession] = rows.order_by(*order)
        return ordered


def is_line(text: str, longest: int) -> bool:
    """Joiners inside emoji are fine, control characters are not."""
    return len(text) <= longest and not any(character < " " or character == "\x7f" for character in text)


def _about(text: str) -> Q:
    """`125` and `#125` are the issue's number, anything else words that its title holds all of."""
    number = issue_number(text)
    if number is not None:
        return Q(github_issue_number=number)
    found = Q()
    for word in text.split()[:WORDS]:
        found &= Q(github_issue_title__icontains=word)
    return found
