"""Saying on the issue that a session has failed: once a round, at once or as soon as GitHub lets us."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from automation import effects
from automation.models import Effect
from automation.steps.publish import comment_once
from automation.texts import failed_text
from issues.models import IssueSession
from issues.states import Status
from projects import leases
from projects.connection import login_of
from projects.github.client import GitHubClient
from projects.github.errors import Forbidden, Gone, Moved, NotFound, ValidationFailed
from projects.leases import Lease
from projects.models import Project

logger = logging.getLogger(__name__)
KIND = Effect.Kind.FAILED_COMMENT
BATCH = 20
REFUSED_WAIT = timedelta(hours=1)  # a token's permissions may be mended; nobody else waits for that
ISSUE_LOST = (Gone, Moved, NotFound)


def failure(session: IssueSession, client: GitHubClient, *, lease: Lease) -> None:
    """Write the comment whose intent was committed together with the failure, where one can be written."""
    obstacle = _obstacle(session, client)
    if not obstacle:
        login = login_of(session.project, client)
        try:
            comment_once(session, client, KIND, lease=lease, login=login, body=failed_text(session))
        except Forbidden as error:
            logger.warning("session=%s outcome=comment_refused %s", session.pk, error)
            effects.postpone(session, KIND, until=timezone.now() + REFUSED_WAIT)
        except (NotFound, Gone, ValidationFailed) as error:
            obstacle = str(error)
    if obstacle:
        effects.settle(session, KIND, lease=lease, facts={"not_written": obstacle})


def postponed(project: Project, client: GitHubClient, may_go_on: Callable[[], bool]) -> None:
    """Write what could not be written when it was due. A session in a later round says nothing about a former one."""
    for effect in effects.unfinished(project, KIND, status=Status.FAILED, limit=BATCH):
        lease = leases.claim(IssueSession, effect.issue_session_id) if may_go_on() else None
        if lease is None:
            continue
        try:
            failure(effect.issue_session, client, lease=lease)
        finally:
            leases.release(lease)


def _obstacle(session: IssueSession, client: GitHubClient) -> str:
    """Why no comment can ever be written there."""
    try:
        issue = client.get_issue(session.project.github_repo, session.github_issue_number)
    except ISSUE_LOST as error:
        client.get_repository(session.project.github_repo)  # raises when it is not the issue that is lost
        return str(error)
    return "The issue is locked." if issue.locked else ""
