"""Whether an issue may start by itself: asked of GitHub at that moment, since people come and go.

https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.utils import timezone

from issues import transitions, trust
from issues.models import IssueSession
from issues.states import Status
from issues.transitions import SYSTEM, Conflict
from issues.trust import Trust
from projects.github.client import GitHubClient
from projects.github.errors import Forbidden, NotFound
from projects.models import Project

logger = logging.getLogger(__name__)
MAY_WRITE = ("admin", "maintain", "write")
UNREADABLE = "unreadable"


def sort_out(project: Project, sessions: Iterable[IssueSession]) -> int:
    """Queue what is trusted or approved and let strangers' issues wait for a person; answers how many are queued.

    Where GitHub has to be asked nothing happens here.
    """
    queued = 0
    for session in sessions:
        found = trust.trust_in(session, project)
        if found is Trust.TRUSTED or trust.is_approved(session):
            queued += _queue(session)
        elif found is Trust.STRANGER:
            _hold(session, trust.stranger(session))
    return queued


def may_start(session: IssueSession, project: Project) -> bool:
    """Whether it would start by itself as far as is known without asking."""
    return trust.trust_in(session, project) is not Trust.STRANGER or trust.is_approved(session)


def ask(
    project: Project, sessions: Iterable[IssueSession], client: GitHubClient, may_go_on: Callable[[], bool]
) -> None:
    """Ask GitHub for the authors of whom it is not known: each once a round. Raises the client's errors."""
    known: dict[str, str] = {}
    for session in sessions:
        if trust.trust_in(session, project) is not Trust.UNKNOWN or trust.is_approved(session):
            continue
        author = session.issue_author
        if author not in known:
            if not may_go_on():
                return
            known[author] = _permission(client, project, author)
        evidence = {"author": author, "permission": known[author]}
        if known[author] in MAY_WRITE:
            _queue(session, evidence=evidence)
        else:
            tell = trust.unreadable if known[author] == UNREADABLE else trust.stranger
            _hold(session, tell(session), evidence=evidence)


def let_go(project: Project) -> None:
    """Those that wait although their author is trusted by name by now become pending again."""
    if not (project.trusted_authors and project.automation_enabled and project.auto_start):
        return
    for session in project.sessions.filter(status=Status.NEEDS_REVIEW, reason=trust.UNTRUSTED):
        if trust.trust_in(session, project) is Trust.TRUSTED:
            _try(partial(transitions.move, session, Status.PENDING, reason="trusted_author"))


def _permission(client: GitHubClient, project: Project, author: str) -> str:
    if not author:
        return "none"
    try:
        return client.get_permission(project.github_repo, author)
    except NotFound:
        return "none"
    except Forbidden as error:
        logger.info("project=%s author=%s %s", project.pk, author, error)
        return UNREADABLE


def _queue(session: IssueSession, evidence: dict[str, Any] | None = None) -> bool:
    stay = partial(transitions.stay, session, "queued", reason="auto_start", evidence=evidence)
    return _try(partial(stay, queued_at=timezone.now(), queued_by=SYSTEM))


def _hold(session: IssueSession, message: str, evidence: dict[str, Any] | None = None) -> bool:
    move = partial(transitions.move, session, Status.NEEDS_REVIEW, reason=trust.UNTRUSTED)
    return _try(partial(move, message=message, evidence=evidence))


def _try(change: Callable[[], object]) -> bool:
    """False: somebody has moved it meanwhile."""
    try:
        change()
    except Conflict:
        return False
    return True
