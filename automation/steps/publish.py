"""Publish: push, one pull request, one comment. Each is journaled and looked for before it is made."""

from __future__ import annotations

from automation import effects, messages
from automation.environment import StepEnvironment
from automation.models import Effect
from automation.outcomes import Advance, Drop, Hold, Outcome
from automation.steps import reaching
from automation.steps.pushing import push
from automation.texts import comment_text, key_of, pull_request_text
from issues.models import IssueSession
from issues.states import Step
from issues.sync import identify
from projects.connection import login_of
from projects.errors import AutowrkersError, Cancelled, OperatorError
from projects.github.client import GitHubClient
from projects.github.errors import Gone, Moved, NotFound, ValidationFailed
from projects.github.payloads import PullRequest
from projects.leases import Lease

HELD = {
    "git.rejected": "push_rejected",
    "git.branch_behind": "branch_taken_over",
    "publish.secret": "secret_in_commit",
    reaching.REWRITTEN: reaching.REWRITTEN,
}
REVIEW_LABEL = "needs-review"
CLOSED = "The issue was closed before its pull request was opened."
ISSUE_LOST = (Gone, Moved, NotFound)


class IssueClosed(AutowrkersError):
    """There is no pull request of ours yet, and nobody wants one any more."""


def run(session: IssueSession, env: StepEnvironment) -> Outcome:
    project = session.project
    identify(project, env.github)
    login = login_of(project, env.github)
    is_open, known = _look_at_issue(session, env, login)
    if not is_open and known is None:
        return Drop("issue_closed", CLOSED)
    if known is None or known.state == "open":  # a merge may have taken the branch away
        try:
            push(session, env)
        except OperatorError as error:
            if error.code not in HELD:
                raise
            return Hold(HELD[error.code], str(error))
    if env.stop.is_set():
        raise Cancelled("session.stopped", "Stopped before the pull request was opened.")
    try:
        pr = _open_pull_request(session, env, login)
    except IssueClosed as closed:
        return Drop(closed.code, closed.message)
    shown = env.github.get_pr(project.github_repo, pr["number"])
    if shown.head_sha != session.head_sha:
        message = f"Pull request #{shown.number} shows {shown.head_sha[:10]}, but {session.head_sha[:10]} was checked."
        remedy = f"Look at who pushed to {session.branch_name}, then retry."
        return Hold("branch_taken_over", f"{message} {remedy}")
    mark = messages.find_marker(shown.body)
    if mark is not None and mark != key_of(session, Effect.Kind.PULL_REQUEST):  # an earlier round's text
        env.github.update_pr(project.github_repo, shown.number, body=_body(session, env))
    if session.manual_review:
        _label(session, env, pr["number"])
    text = comment_text(session, pr_number=pr["number"])
    comment_once(session, env.github, Effect.Kind.PR_COMMENT, lease=env.lease, login=login, body=text)
    return Advance(
        Step.FOLLOW,
        reason="published",
        changes={"pushed_sha": session.head_sha, "pr_number": pr["number"], "pr_state": pr["state"]},
        evidence={"head_sha": session.head_sha, "pr_number": pr["number"], "pr_url": pr["url"]},
    )


def _look_at_issue(
    session: IssueSession, env: StepEnvironment, login: str
) -> tuple[bool, PullRequest | None]:
    """Whether the issue is open, and the pull request that decides where it is not.

    Raises what the client raises for an issue that is no longer there, unless there is such a pull request.
    """
    try:
        is_open = _is_open(session, env.github)
    except ISSUE_LOST:
        known = _find_ours(session, env, login)
        if known is None:
            raise
        return False, known
    return is_open, None if is_open else _find_ours(session, env, login)


def _is_open(session: IssueSession, github: GitHubClient) -> bool:
    return github.get_issue(session.project.github_repo, session.github_issue_number).state == "open"


def comment_once(
    session: IssueSession, github: GitHubClient, kind: str, *, lease: Lease, login: str, body: str
) -> None:
    """One comment of this kind in this round, found by our login and the hidden marker; none where none can be."""
    repo, number, key = session.project.github_repo, session.github_issue_number, key_of(session, kind)

    def find() -> effects.Facts | None:
        try:
            is_locked = github.get_issue(repo, number).locked
            for comment in github.get_comments(repo, number):
                if comment.author == login and messages.find_marker(comment.body) == key:
                    return {"id": comment.id, "url": comment.html_url}
        except ISSUE_LOST as error:
            github.get_repository(repo)  # raises when it is not the issue that is lost
            return {"not_written": str(error)}
        return {"not_written": "The issue is locked."} if is_locked else None

    def act() -> effects.Facts:
        comment = github.create_comment(repo, number, body)
        return {"id": comment.id, "url": comment.html_url}

    effects.perform(session, kind, lease=lease, find=find, act=act)


def _open_pull_request(session: IssueSession, env: StepEnvironment, login: str) -> effects.Facts:
    project, branch = session.project, session.branch_name

    def find() -> effects.Facts | None:
        ours = _find_ours(session, env, login)
        if ours is None and not _is_open(session, env.github):  # the push has taken its time
            raise IssueClosed("issue_closed", CLOSED)
        return None if ours is None else _facts(ours)

    def act() -> effects.Facts:
        title = messages.pull_request_title(session.github_issue_number, session.github_issue_title)
        body = _body(session, env)
        try:
            return _facts(
                env.github.create_pr(project.github_repo, branch, project.default_branch, title, body)
            )
        except ValidationFailed:
            ours = _find_ours(session, env, login)
            if ours is None:
                raise
            return _facts(ours)

    return effects.perform(
        session, Effect.Kind.PULL_REQUEST, lease=env.lease, intent={"head": branch}, find=find, act=act
    )


def _body(session: IssueSession, env: StepEnvironment) -> str:
    with env.mirror.history() as history:
        return messages.pull_request_body(pull_request_text(session, history))


def _find_ours(session: IssueSession, env: StepEnvironment, login: str) -> PullRequest | None:
    """The one that carries this round's marker, is by us, and leads from our branch to our base.

    One of an earlier round that is still open serves as well: GitHub allows no second one beside it.
    """
    project, branch = session.project, session.branch_name
    key = key_of(session, Effect.Kind.PULL_REQUEST)
    expected = (project.github_repo, branch, project.default_branch)

    def is_journaled(pr: PullRequest) -> bool:  # the token may have been another account's then
        return session.effects.filter(kind=Effect.Kind.PULL_REQUEST, outcome__number=pr.number).exists()

    def is_ours(pr: PullRequest) -> bool:
        place, mark = (pr.head_repo, pr.head_ref, pr.base_ref), messages.find_marker(pr.body)
        if place != expected or mark is None or not (pr.author == login or is_journaled(pr)):
            return False
        return mark == key or (pr.state == "open" and mark.public_id == key.public_id)

    found = env.github.find_prs(
        project.github_repo, owner=project.owner, branch=branch, base=project.default_branch
    )
    return next(filter(is_ours, found), None)


def _facts(pr: PullRequest) -> effects.Facts:
    return {"number": pr.number, "url": pr.html_url, "state": "draft" if pr.draft else "open"}


def _label(session: IssueSession, env: StepEnvironment, pr_number: int) -> None:
    repo = session.project.github_repo

    def find() -> effects.Facts | None:
        labels = env.github.get_issue(repo, pr_number).labels
        return {"label": REVIEW_LABEL} if REVIEW_LABEL in labels else None

    def act() -> effects.Facts:
        env.github.add_labels(repo, pr_number, [REVIEW_LABEL])
        return {"label": REVIEW_LABEL}

    effects.perform(session, Effect.Kind.LABEL, lease=env.lease, find=find, act=act)
