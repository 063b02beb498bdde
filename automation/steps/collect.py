"""Collecting what an agent left: leftovers are committed in the sandbox, then its commits are imported.

They are kept beside its transcript too, for other hosts.
"""

from __future__ import annotations

from automation import attempts, messages
from automation.environment import StepEnvironment
from automation.outcomes import AttemptFailed
from issues.models import Attempt, IssueSession
from projects.errors import OperatorError
from projects.workspace import bundles, checkouts, folders, leftovers

UNUSABLE = {"git.clone_broken", "git.history_rewritten", "git.too_large", "workspace.too_large"}


def collect(session: IssueSession, attempt: Attempt, env: StepEnvironment) -> str | AttemptFailed:
    """The imported head, or why nothing can be imported. A clone that cannot be used is removed."""
    binds = checkouts.agent_binds(env.mirror, env.clone, env.home)
    try:
        leftovers.commit_leftovers(
            env.clone,
            sandbox=env.sandbox,
            binds=binds,
            message=messages.leftovers(session.github_issue_number),
            stop=env.stop,
        )
        head_sha = env.mirror.import_head(
            env.clone, session_id=session.pk, base_sha=session.base_sha, sandbox=env.sandbox
        )
    except OperatorError as error:
        if error.code not in UNUSABLE:
            raise
        folders.remove(env.clone)
        return AttemptFailed(error.code, str(error), evidence={"attempt": attempt.number})
    bundles.write(
        env.mirror,
        attempt.bundle_path,
        session_id=session.pk,
        base_sha=session.base_sha,
        head_sha=head_sha,
    )
    attempts.record_head(attempt, head_sha, lease=env.lease)
    return head_sha
