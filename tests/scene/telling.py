"""Building blocks of the scene: a session with its attempts, checks, effects and events, at times of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Max

from automation.models import Effect
from issues.complexity import score
from issues.models import Attempt, IssueSession, SessionEvent
from issues.states import Status, Step
from projects.models import Project
from tests.factories import create_session
from verification.models import VerificationResult

CHECKS = (("setup", "setup", "python3 -m venv .venv && .venv/bin/pip install -e .[test]", 21_400),)
COMMANDS = (
    ("lint", "lint", "lint_command", 1_900),
    ("type_check", "type check", "type_check_command", 8_300),
    ("test", "test", "test_command", 46_200),
    ("build", "build", "build_command", 12_100),
)


@dataclass
class Teller:
    """Tells one project's story. Times are minutes before `now`."""

    project: Project
    now: datetime
    base_sha: str = "b" * 40
    head_sha: str = "c" * 40
    drafts: tuple[str, ...] = ("a" * 40, "d" * 40)

    def head_of(self, number: int, *, of: int) -> str:
        """What an attempt committed: the last one of so many the head, those before it a draft."""
        return (*self.drafts, self.head_sha)[number - of - 1]

    def at(self, minutes_ago: float) -> datetime:
        return self.now - timedelta(minutes=minutes_ago)

    def issue(
        self, number: int, title: str, *, ago: float = 600, body: str = "", **values: Any
    ) -> IssueSession:
        labels = values.pop("labels", ["bug"])
        body = body or f"{title}.\n\nSteps to reproduce are in the linked ticket."
        points = score(title, body, labels)
        session = create_session(
            project=self.project,
            github_issue_number=number,
            github_issue_title=title[:512],
            github_issue_body=body,
            github_issue_labels=labels,
            issue_author=values.pop("author", "octavia"),
            issue_created_at=self.at(ago + 300),
            issue_updated_at=self.at(ago),
            complexity_score=points.score,
            complexity_level=points.level,
            complexity_reasons=list(points.reasons),
            **values,
        )
        IssueSession.objects.filter(pk=session.pk).update(created_at=self.at(ago))
        self.event(session, ago, "synced", "", Status.PENDING)
        return session

    def attempt(self, session: IssueSession, *, ago: float, minutes: float | None, **values: Any) -> Attempt:
        """One agent run that began `ago` and took `minutes` (None: it still runs)."""
        number = session.attempt_rows.count() + 1
        first = Attempt.Kind.FIRST if number == 1 else Attempt.Kind.RETRY
        seconds = int((minutes or 0) * 60)
        defaults: dict[str, Any] = {
            "kind": first,
            "counted": minutes is not None,
            "prompt": f"You work on issue #{session.github_issue_number} of {self.project.github_repo}.",
            "agent": self.project.agent,
            "agent_version": {"claude_code": "2.1.197", "codex": "0.169.0"}.get(self.project.agent, ""),
            "outcome": "done" if minutes is not None else "",
            "base_sha": self.base_sha,
            "head_sha": self.head_sha if minutes is not None else "",
        }
        if minutes is not None:
            defaults |= {
                "turns": 6 + seconds // 40,
                "input_tokens": 21_000 + 310 * seconds,
                "output_tokens": 900 + 7 * seconds,
                "cost_usd": Decimal(seconds) * Decimal("0.0021"),
                "ended_at": self.at(ago - minutes),
                "summary": "The tests pass now. /complete",
            }
        attempt = Attempt.objects.create(
            issue_session=session, number=number, round=session.round, **defaults | values
        )
        Attempt.objects.filter(pk=attempt.pk).update(started_at=self.at(ago))
        IssueSession.objects.filter(pk=session.pk).update(session=attempt)
        attempt.refresh_from_db()
        return attempt

    def checks(
        self, session: IssueSession, attempt: Attempt, *, ago: float, failing: dict[str, str] | None = None
    ) -> None:
        """The project's checks on the attempt's head; `failing` maps a check's type to what it printed."""
        planned = [(kind, name, getattr(self.project, field), ms) for kind, name, field, ms in COMMANDS]
        for kind, name, command, milliseconds in (*CHECKS, *planned):
            output = (failing or {}).get(kind)
            if not command:
                continue
            row = VerificationResult.objects.create(
                issue_session=session,
                attempt=attempt,
                head_sha=attempt.head_sha or self.head_sha,
                check_type=kind,
                name=name,
                command=command,
                passed=output is None,
                exit_status=0 if output is None else 1,
                output=output or f"$ {command}\nAll good.\n",
                duration_ms=milliseconds + 130 * attempt.number * len(name),
                baseline="" if output is None else "passed",
            )
            VerificationResult.objects.filter(pk=row.pk).update(created_at=self.at(ago))

    def event(
        self, session: IssueSession, ago: float, verb: str, old: str, new: str, **values: Any
    ) -> SessionEvent:
        defaults = {"actor": "autowrkers", "step": session.step, "reason": ""}
        event = SessionEvent.objects.create(
            issue_session=session, verb=verb, old_status=old, new_status=new, **defaults | values
        )
        SessionEvent.objects.filter(pk=event.pk).update(created_at=self.at(ago))
        newest = session.events.aggregate(at=Max("created_at"))["at"]
        IssueSession.objects.filter(pk=session.pk).update(changed_at=newest)
        return event

    def begin(self, session: IssueSession, ago: float, *, by: str = "autowrkers") -> None:
        """Queued, claimed and prepared."""
        branch = f"feature/issue-{session.github_issue_number}"
        pending, working = Status.PENDING, Status.IN_PROGRESS
        reason = "auto_start" if by == "autowrkers" else "started_by_person"
        self.event(session, ago, "queued", pending, pending, actor=by, reason=reason)
        evidence = {"base_sha": self.base_sha, "branch": branch}
        self.event(session, ago - 1, "moved", pending, working, step=Step.WORK, evidence=evidence)
        self.change(session, branch_name=branch, base_sha=self.base_sha, started_at=self.at(ago - 1))

    def publish(self, session: IssueSession, number: int, *, ago: float) -> None:
        """Pushed, a pull request and a comment."""
        url = f"{self.project.web_url}/pull/{number}"
        facts: dict[str, dict[str, Any]] = {
            Effect.Kind.PUSH: {"sha": self.head_sha},
            Effect.Kind.PULL_REQUEST: {"number": number, "url": url, "state": "open"},
            Effect.Kind.PR_COMMENT: {
                "id": 9_000 + number,
                "url": f"{session.issue_url}#issuecomment-{number}",
            },
        }
        for kind, outcome in facts.items():
            intent = {"head": session.branch_name}
            Effect.objects.create(
                issue_session=session,
                round=1,
                kind=kind,
                intent=intent,
                outcome=outcome,
                done_at=self.at(ago),
            )
        evidence = {"head_sha": self.head_sha, "pr_number": number, "pr_url": url}
        old, new = Status.VERIFYING, Status.PR_CREATED
        self.event(session, ago, "moved", old, new, step=Step.FOLLOW, reason="published", evidence=evidence)
        self.change(
            session, pr_number=number, pr_state="open", pushed_sha=self.head_sha, followed_at=self.at(2)
        )

    def change(self, session: IssueSession, **values: Any) -> None:
        """Put the row where its story says that it stands."""
        IssueSession.objects.filter(pk=session.pk).update(**values)
        session.refresh_from_db()
