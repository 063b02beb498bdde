"""Prepare: the mirror is fetched, base and branch are fixed, and the agent's clone exists under this fence."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.utils import timezone

from automation import attempts
from automation.effects import check_lease
from automation.environment import StepEnvironment
from automation.outcomes import Advance, Hold, Outcome, Park
from automation.steps import reaching
from issues.models import IssueSession
from issues.states import Step
from issues.sync import identify
from projects.errors import OperatorError
from projects.models import Project
from projects.workspace import checkouts, folders, space
from projects.workspace.mirror import Mirror


def run(session: IssueSession, env: StepEnvironment) -> Outcome:
    settings.AUTOWRKERS_WORKSPACE_ROOT.mkdir(parents=True, exist_ok=True)
    if space.is_short():
        return Park("disk", space.shortage())
    is_begun = has_begun(session)
    _take_over_clone(session, env, is_begun=is_begun)
    identify(session.project, env.github)
    env.mirror.fetch()
    if is_begun:
        reaching.bring_base(session, env)
        if message := _why_not_on(session, env):
            return Hold(reaching.REWRITTEN, message)
    base_sha = session.base_sha if is_begun else _base(env.mirror, session.project)
    branch = session.branch_name or free_branch(
        session.github_issue_number, env.mirror.remote_branches().__contains__
    )
    if not env.clone.exists():
        start_sha = reaching.last_head(session, env) if is_begun else base_sha
        _make_clone(session, env, branch=branch, start_sha=start_sha)
    return Advance(
        Step.WORK,
        changes={
            "base_sha": base_sha,
            "branch_name": branch,
            "started_at": session.started_at or timezone.now(),
        },
        evidence={"base_sha": base_sha, "branch": branch},
    )


def has_begun(session: IssueSession) -> bool:
    """A round's base stays fixed once an attempt has built on it."""
    return bool(session.base_sha) and session.attempt_rows.filter(round=session.round).exists()


def _why_not_on(session: IssueSession, env: StepEnvironment) -> str:
    """Empty, or that the default branch was rewritten meanwhile. One that is missing is told when we publish."""
    tip = env.mirror.branch_sha(session.project.default_branch)
    try:
        if tip is not None:
            reaching.insist_on_base(session, env, tip)
    except OperatorError as error:
        if error.code != reaching.REWRITTEN:
            raise
        return str(error)
    return ""


def _base(mirror: Mirror, project: Project) -> str:
    sha = mirror.branch_sha(project.default_branch)
    if sha is not None:
        return sha
    if mirror.is_empty():
        raise OperatorError(
            "git.empty_repository", f"{project.github_repo} has no commits yet.", "Push a first commit to it."
        )
    raise reaching.no_default_branch(project)


def free_branch(issue_number: int, is_taken: Callable[[str], bool]) -> str:
    """`feature/issue-N`, or the first free `feature/issue-N-2`, …: an existing branch is somebody else's."""
    wanted = candidate = f"feature/issue-{issue_number}"
    suffix = 1
    while is_taken(candidate):
        suffix += 1
        candidate = f"{wanted}-{suffix}"
    return candidate


def _take_over_clone(session: IssueSession, env: StepEnvironment, *, is_begun: bool) -> None:
    """Keep the clone that an earlier attempt of this round left on this host; remove what else there is.

    Only while the lease is ours, and never the clone of a later holder.
    """
    is_usable = is_begun and _is_left_alone(session, env)
    check_lease(env.lease)
    if env.clone.exists() and not is_begun:
        folders.remove(env.clone)
    found = [(int(path.name.partition("-")[2]), path) for path in env.clone.parent.glob(f"{session.pk}-*")]
    for _, path in sorted((fence, path) for fence, path in found if fence < env.lease.fence)[::-1]:
        if is_usable and not env.clone.exists():
            checkouts.adopt(path, env.clone)
        else:
            folders.remove(path)


def _is_left_alone(session: IssueSession, env: StepEnvironment) -> bool:
    """Whether nothing of a former holder, such as its setup command, can still be at work in its clone.

    It gave the lease back, or its agent had come to an end, or we have ended it.
    """
    if not env.lease.taken_over or attempts.uncollected(session) is not None:
        return True
    return attempts.was_lost_to(session, env.lease)


def _make_clone(session: IssueSession, env: StepEnvironment, *, branch: str, start_sha: str) -> None:
    """A new clone. What an agent had left in a former one, if it was not looked at, is gone with its worker."""
    check_lease(env.lease)
    checkouts.make_clone(env.mirror, env.clone, branch=branch, start_sha=start_sha)
    env.mirror.keep(session.pk, start_sha)
    attempts.lose_uncollected(session, lease=env.lease)
