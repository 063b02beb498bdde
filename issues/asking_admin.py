"""The page that asks before a list's action skips or stops the chosen sessions."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from issues import verbs
from issues.models import IssueSession
from projects import admin_scope
from projects.admin_scope import ScopedAdmin

CONFIRMED = "confirmed"
NAMED = 20
BECOMES = {
    "skip": "They are put aside. Start brings each back, from the beginning. Open pull requests stay open and are not"
    " followed any longer.",
    "stop": "They wait for a person. Start lets each go on where it stands. Open pull requests stay open.",
}


def ask_first(
    owner: ScopedAdmin, request: HttpRequest, rows: QuerySet[IssueSession], verb: str
) -> TemplateResponse | None:
    """About those whose state allows it. None once it was answered, and where nothing is done anyway: there are none
    such, or more than are acted on at once."""
    rows = rows[: admin_scope.ACTED_AT_ONCE + 1]
    chosen = [session for session in rows if verbs.is_allowed(session, verb)]
    if CONFIRMED in request.POST or not chosen or len(rows) > admin_scope.ACTED_AT_ONCE:
        return None
    context: dict[str, Any] = owner.admin_site.each_context(request) | {
        "title": f"{verb.capitalize()} {len(chosen)} session{'s' * (len(chosen) != 1)}?",
        "opts": owner.opts,
        "chosen": chosen,
        "named": chosen[:NAMED],
        "unnamed": len(chosen[NAMED:]),
        "unable": len(rows) - len(chosen),
        "verb": verb,
        "becomes": BECOMES[verb],
        "checkbox": ACTION_CHECKBOX_NAME,
        "confirmed": CONFIRMED,
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)
