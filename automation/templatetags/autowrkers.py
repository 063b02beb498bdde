"""What templates of the pages say in one word: badges, times, money and which part of the site this is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from automation.pages.asking import asks_first
from automation.pages.pausing import what_archiving_leaves
from automation.pages.standing import Standing, standing_of
from issues.models import IssueSession
from issues.sanitize import clean_line
from projects.amounts import span, usd
from projects.columns import agent_name, spelled, worded

register = template.Library()
register.filter("spelled", spelled)
register.filter("worded", worded)
register.filter("agent_name", agent_name)
register.filter("span", span)
register.filter("usd", usd)
register.filter("asks_first", asks_first)
register.simple_tag(what_archiving_leaves)


@register.simple_tag
def current(request: HttpRequest, name: str) -> str:
    """Marks the navigation's link to the page that is shown."""
    return mark_safe(' aria-current="page"') if request.path == reverse(name) else ""  # noqa: S308


@register.simple_tag
def badge(what: IssueSession | Standing) -> SafeString:
    """Icon, word and colour of where a session stands; never colour alone."""
    standing = standing_of(what, timezone.now()) if isinstance(what, IssueSession) else what
    word = standing.word
    if standing.until is not None:
        word = format_html('<time datetime="{}" title="{}">{}</time>', *_exact(standing.until), word)
    return format_html(
        '<span class="badge tone-{}"><span aria-hidden="true">{}</span>{}</span>',
        standing.tone,
        standing.icon,
        word,
    )


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """`8 min ago` or `in 3 h`, with the exact time in `title` and `datetime`."""
    if moment is None:
        return "never"
    seconds = (timezone.now() - moment).total_seconds()
    words = span(abs(seconds))
    text = f"{words} ago" if seconds >= 0 else f"in {words}"
    return format_html(
        '<time class="nowrap" datetime="{}" title="{}">{}</time>',
        *_exact(moment),
        "just now" if 0 <= seconds < 5 else text,
    )


@register.filter
def due(moment: datetime) -> SafeString | str:
    """As `ago`, of what is still to come: what should have come already is due."""
    return ago(moment) if moment > timezone.now() else "due now"


def _exact(moment: datetime) -> tuple[str, str]:
    """For machines, and for people with the time zone."""
    return moment.isoformat(timespec="seconds"), f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S %Z}"


@register.filter
def thousands(number: Any) -> str:
    return "–" if number is None else f"{number:,}"


@register.filter
def with_code(text: str) -> SafeString:
    """What stands between backticks in our own sentences is code."""
    parts = text.split("`")
    return format_html_join(
        "",
        "{}",
        ((format_html("<code>{}</code>", part) if at % 2 else part,) for at, part in enumerate(parts)),
    )


@register.filter
def visible(text: str) -> str:
    """Text from outside as one line, without what nobody can see."""
    return clean_line(text)
