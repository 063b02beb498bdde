"""A digest as a mail in text and HTML. What people and agents wrote is cleaned here, and escaped by the HTML template.

The HTML holds no image and nothing else that a mail program would have to fetch.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from automation.attention import LABELS, Waiting
from automation.digest import Digest
from issues.models import IssueSession
from issues.rendering import render
from issues.sanitize import clean_line
from projects.redaction import redact

NAMES_SHOWN = 10
NAME_LIMIT = 60
TITLE_LIMIT = 120
DETAIL_LIMIT = 200


def compose(digest: Digest, *, address: str, projects: list[str], public_id: str) -> EmailMultiAlternatives:
    """The mail about the projects of these names. `public_id` makes the message's id, the same each time."""
    values = _values(digest, projects)
    mail = EmailMultiAlternatives(
        subject(digest, projects),
        render("notifications/digest.txt.j2", **values),
        to=[address],
        headers={
            "Message-ID": f"<{public_id}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render("notifications/digest.html.j2", **values), "text/html")
    return mail


def subject(digest: Digest, projects: list[str]) -> str:
    """One line, whatever the project is called."""
    about = projects[0] if len(projects) == 1 else "Autowrkers"
    count = digest.waiting_count
    waits = f"{count} {'thing waits' if count == 1 else 'things wait'} for you" if count else "nothing waits"
    return f"[{_line(about, NAME_LIMIT)}] {digest.period.label}: {digest.fixed} fixed, {waits}"


def _values(digest: Digest, projects: list[str]) -> dict[str, Any]:
    return {
        "label": digest.period.label,
        "projects": [_line(name, NAME_LIMIT) for name in projects[:NAMES_SHOWN]],
        "more_projects": max(0, len(projects) - NAMES_SHOWN),
        "waiting": [_waiting(item) for item in digest.waiting],
        "more_waiting": digest.waiting_count - len(digest.waiting),
        "numbers": digest.numbers,
        "failures": [
            {"check": _line(failure.check, NAME_LIMIT), "attempts": failure.attempts}
            for failure in digest.failures
        ],
        "merged": [_merged(session) for session in digest.merged],
        "more_merged": digest.merged_count - len(digest.merged),
        "attention_url": _address("attention"),
        "analytics_url": _address("analytics"),
        "site_url": settings.SITE_URL,
    }


def _waiting(item: Waiting) -> dict[str, str]:
    what, url = "", _address("attention")
    if item.session is not None:
        what, url = _named(item.session), item.session.page_url
    elif item.trouble is not None:
        names = [_line(project.name, NAME_LIMIT) for project in item.trouble.projects[:NAMES_SHOWN]]
        what, url = ", ".join(names), _address("board", item.trouble.project.pk)
    return {
        "kind": LABELS[item.kind],
        "what": what,
        "since": f"{item.since:%Y-%m-%d}",
        "reason": item.reason,
        "remedy": item.remedy,
        "detail": _line(item.detail, DETAIL_LIMIT),
        "url": url,
    }


def _merged(session: IssueSession) -> dict[str, str]:
    return {"what": _named(session), "number": f"{session.pr_number}", "url": session.pr_url}


def _named(session: IssueSession) -> str:
    title = _line(session.github_issue_title, TITLE_LIMIT) or "(no title)"
    return f"{_line(session.project.name, NAME_LIMIT)} #{session.github_issue_number} {title}"


def _line(text: str, limit: int) -> str:
    """Masked before it is cut: a part of a secret is not recognised any more."""
    return clean_line(redact(text), limit=limit)


def _address(name: str, *arguments: object) -> str:
    return f"{settings.SITE_URL}{reverse(f'admin:{name}', args=arguments)}"
