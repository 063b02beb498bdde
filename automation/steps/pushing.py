"""Pushing the verified head to our branch, unless the branch is somebody else's by now or a secret would go along."""

from __future__ import annotations

from automation import effects
from automation.environment import StepEnvironment
from automation.models import Effect
from automation.steps import reaching
from issues.models import IssueSession
from projects.errors import OperatorError
from projects.redaction import Search
from projects.workspace import additions


def push(session: IssueSession, env: StepEnvironment) -> None:
    """Raises OperatorError `git.branch_behind`, `git.rejected`, `publish.secret` or `base_rewritten`."""
    branch, head = session.branch_name, session.head_sha
    pushes = Effect.objects.filter(issue_session=session, kind=Effect.Kind.PUSH)
    ours = {session.pushed_sha, *pushes.values_list("intent__head_sha", flat=True)}
    ordinal = pushes.filter(round=session.round).exclude(intent__head_sha=head).count() + 1
    branches = env.mirror.remote_branches()
    present = branches.get(branch)
    if (
        present != head
        and pushes.filter(round=session.round, intent__head_sha=head, outcome__isnull=False).exists()
    ):
        raise _taken_over(branch, present)
    if present != head:
        _insist_on_base(session, env, branches.get(session.project.default_branch))
    _refuse_secrets(session, env)

    def act() -> effects.Facts:
        if present is not None and present not in ours:
            raise _taken_over(branch, present)
        try:
            env.mirror.push(head, branch, expected=present)
        except OperatorError as error:
            # git repeats a push whose answer was lost, and then finds its own first one in the way
            if error.code != "git.branch_behind" or env.mirror.remote_branches().get(branch) != head:
                raise
        return {"sha": head}

    effects.perform(
        session,
        Effect.Kind.PUSH,
        lease=env.lease,
        ordinal=ordinal,
        intent={"branch": branch, "head_sha": head},
        find=lambda: {"sha": head} if present == head else None,
        act=act,
    )


def _insist_on_base(session: IssueSession, env: StepEnvironment, tip: str | None) -> None:
    if tip is None:
        raise reaching.no_default_branch(session.project)
    if not env.mirror.has(tip):
        env.mirror.fetch()
    reaching.insist_on_base(session, env, tip)


def _taken_over(branch: str, present: str | None) -> OperatorError:
    happened = (
        f"Somebody else has pushed {present[:10]} to {branch}."
        if present
        else f"Somebody has deleted {branch}."
    )
    return OperatorError(
        "git.branch_behind", happened, "Merge or remove that work, then retry: it is never overwritten."
    )


def _refuse_secrets(session: IssueSession, env: StepEnvironment) -> None:
    """What the commits add, and say, must hold none of the secrets that this process knows."""
    search = Search()
    additions.read(env.mirror.git, f"{session.base_sha}..{session.head_sha}", search.add)
    if search.has_found:
        raise OperatorError(
            "publish.secret",
            f"A commit on {session.branch_name} holds a secret of this installation, so nothing was pushed.",
            "Skip the session or retry it from a failed state, and keep keys out of what agents may print.",
        )
