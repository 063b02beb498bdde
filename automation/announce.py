"""Saying on the issue that a session has failed: once a round, at once or as soon as GitHub lets us."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from automation import effects
from automation.models import Effect
from automation.steps.publish import comment_once
from automation.texts import failed_text
from issues.models import IssueSession
from issues.states import Status
from issues.sync import identify
from projects import leases
from projects.connection import login_of
from projects.errors import Cancelled
from projects.github.client import GitHubClient
from projects.github.errors import Forbidden, Gone, NotFound, ValidationFailed
from projects.leases import Lease
from projects.models import Project

logger = logging.getLogger(__name__)
KIND = Effect.Kind.FAILED_COMMENT
BATCH = 20
REFUSED_WAIT = timedelta(hours=1)  # a token's permissions may be mended; nobody else waits for that


def failure(session: IssueSession, client: GitHubClient, *, lease: Lease) -> None:
    """Write the comment whose intent was committed together with the failure, where one can be written."""
    identify(session.project, client)
    with client.guarded(partial(effects.check_lease, lease)):  # it may have waited for its turn
        login = login_of(session.project, client)
        try:
            comment_once(session, client, KIND, lease=lease, login=login, body=failed_text(session))
        except Forbidden as error:
            logger.warning("session=%s outcome=comment_refused %s", session.pk, error)
            effects.postpone(session, KIND, lease=lease, wait=REFUSED_WAIT)
        except (NotFound, Gone, ValidationFailed) as error:
            effects.settle(session, KIND, lease=lease, facts={"not_written": str(error)})


def postponed(project: Project, client: GitHubClient, may_go_on: Callable[[], bool]) -> None:
    """Write what could not be written when it was due. A session in a later round says nothing about a former one."""
    for effect in effects.unfinished(project, KIND, status=Status.FAILED, limit=BATCH):
        lease = leases.claim(IssueSession, effect.issue_session_id) if may_go_on() else None
        if lease is None:
            continue
        try:
            failure(effect.issue_session, client, lease=lease)
        except Cancelled as late:
            logger.info("session=%s outcome=gave_way %s", effect.issue_session_id, late)
        finally:
            leases.release(lease)
