"""Verify: our own checks on a clean checkout of the imported head. An agent's word is not evidence."""

from __future__ import annotations

from automation.environment import StepEnvironment
from automation.outcomes import Advance, AttemptFailed, Outcome, Park
from issues.models import IssueSession
from issues.states import Step
from verification.verify import verify_commit


def run(session: IssueSession, env: StepEnvironment) -> Outcome:
    report = verify_commit(
        session,
        attempt=session.session,
        mirror=env.mirror,
        head_sha=session.head_sha,
        base_sha=session.base_sha,
        sandbox=env.sandbox,
        stop=env.stop,
        lease=env.lease,
        on_output=env.hear,
    )
    if report.fault:
        return Park(report.fault_code, report.fault)
    if not report.passed:
        return AttemptFailed("checks_failed", report.failure_text(), evidence={"head_sha": session.head_sha})
    return Advance(
        Step.PUBLISH,
        reason="checks_passed",
        changes={"manual_review": bool(report.manual_review), "manual_review_reason": report.manual_review},
        evidence={"head_sha": session.head_sha, "checks": report.summary()},
    )
