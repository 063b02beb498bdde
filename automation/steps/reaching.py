"""The commits that a session stands on must be on this host, wherever they were made.

They come from the remote, else from the file beside the transcripts. What can be had nowhere is given up: the work
starts again from what there is, and no attempt is used.
"""

from __future__ import annotations

import logging

from django.db import transaction

from automation import attempts
from automation.effects import check_lease
from automation.environment import StepEnvironment
from automation.outcomes import Advance, Outcome
from issues import transitions
from issues.models import Attempt, IssueSession
from issues.states import Step
from projects.errors import OperatorError
from projects.models import Project
from projects.workspace import bundles

logger = logging.getLogger(__name__)
GONE, REWRITTEN = "commit_gone", "base_rewritten"


def way_back(session: IssueSession, env: StepEnvironment) -> Outcome | None:
    """None when the step can begin; else the way to another step, since its commit is out of reach."""
    head = session.head_sha
    if session.step not in (Step.VERIFY, Step.PUBLISH) or not head or env.mirror.has(head):
        return None
    env.mirror.fetch()
    bring_base(session, env)
    if bring(session, head, env):
        return None
    _give_up(session, head, env)
    return Advance(
        Step.PREPARE,
        reason=GONE,
        message=_sentence(head),
        changes={"head_sha": ""},
        evidence={"head_sha": head},
    )


def last_head(session: IssueSession, env: StepEnvironment) -> str:
    """The newest imported head that can be had, else the base. The mirror has been fetched."""
    while (head := attempts.last_head(session)) != session.base_sha and not bring(session, head, env):
        _give_up(session, head, env)
        transitions.stay(
            session,
            "stepped",
            reason=GONE,
            message=_sentence(head),
            lease=env.lease,
            evidence={"head_sha": head},
        )
    return head


def bring(session: IssueSession, head: str, env: StepEnvironment) -> bool:
    """Whether `head` is in the mirror now. The mirror has been fetched, so that a pushed one is."""
    if env.mirror.has(head):
        return True
    for attempt in session.attempt_rows.filter(head_sha=head):
        if bundles.read(env.mirror, attempt.bundle_path, session_id=session.pk, head_sha=head):
            logger.info("session=%s outcome=commit_brought %s", session.pk, head)
            return True
    return False


def bring_base(session: IssueSession, env: StepEnvironment) -> None:
    """Raises OperatorError `git.base_gone` when the remote does not give the commit where the work began."""
    if env.mirror.has(session.base_sha):
        return
    try:
        env.mirror.fetch_commit(session.pk, session.base_sha)
    except OperatorError as error:
        raise OperatorError(
            "git.base_gone",
            f"The commit {session.base_sha[:10]}, on which the work began, is no longer on GitHub.",
            "Skip the session, then start it again: it begins on the present branch.",
        ) from error


def insist_on_base(session: IssueSession, env: StepEnvironment, tip: str) -> None:
    """Raises OperatorError REWRITTEN unless the default branch, now at `tip`, still holds where the work began.

    What its owners have taken out of it must not come back with our branch.
    """
    if env.mirror.git.run("rev-list", "--max-count=1", session.base_sha, f"^{tip}"):
        raise OperatorError(
            REWRITTEN,
            f"The branch {session.project.default_branch} no longer holds {session.base_sha[:10]}, on which the work "
            "began: it was rewritten, or the project has another default branch now.",
            "Skip the session, then start it again: it begins on the present branch.",
        )


def no_default_branch(project: Project) -> OperatorError:
    return OperatorError(
        "git.no_default_branch",
        f"{project.github_repo} has no branch {project.default_branch!r}.",
        "Correct the project's default branch.",
    )


def _give_up(session: IssueSession, head: str, env: StepEnvironment) -> None:
    with transaction.atomic():
        check_lease(env.lease)
        Attempt.objects.filter(issue_session=session, head_sha=head).update(head_sha="")
    if session.session is not None:
        session.session.refresh_from_db()


def _sentence(head: str) -> str:
    return (
        f"The commit {head[:10]} is neither on this host nor on GitHub nor beside the transcripts, so the work starts "
        "again from what is left. Let AUTOWRKERS_LOG_ROOT be one folder for all hosts."
    )
