"""Saying on the issue that a session has failed: once a round, at once or as soon as GitHub lets us."""

from __future__ import annotations

from automation.models import Effect
from automation.steps.publish import comment_once
from automation.texts import failed_text
from issues.models import IssueSession
from issues.states import Status
from projects import leases
from projects.connection import login_of
from projects.github.client import GitHubClient
from projects.leases import Lease
from projects.models import Project

KIND = Effect.Kind.FAILED_COMMENT
BATCH = 20


def failure(session: IssueSession, client: GitHubClient, *, lease: Lease) -> None:
    """Write the comment whose intent was committed together with the failure."""
    login = login_of(session.project, client)
    comment_once(session, client, KIND, lease=lease, login=login, body=failed_text(session))


def postponed(project: Project, client: GitHubClient) -> None:
    """Write what could not be written when it was due. A session in a later round says nothing about a former one."""
    intents = Effect.objects.filter(issue_session__project=project, kind=KIND, outcome=None)
    current = intents.select_related("issue_session__project").filter(issue_session__status=Status.FAILED)
    for effect in current[:BATCH]:
        lease = leases.claim(IssueSession, effect.issue_session_id)
        if lease is None:
            continue
        try:
            if effect.round == effect.issue_session.round:
                failure(effect.issue_session, client, lease=lease)
        finally:
            leases.release(lease)
