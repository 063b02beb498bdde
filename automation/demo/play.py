"""Playing the demo: the stage is set, the real product runs on it, and what happens is told as a story."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from automation.demo import story
from automation.demo.github import StandIn
from automation.demo.surroundings import FOLDER, STAND_IN_PORT
from issues.models import IssueSession, SessionEvent
from issues.states import ENDED, Status
from projects.models import Credential, Project
from projects.signals import work_requested

LOGIN = "autowrkers-demo"
TOKEN = "ghp_demo" + "0" * 32  # noqa: S105 - opens nothing but the stand-in
POLL_SECONDS = 0.2
TELL: dict[tuple[str, str], str] = {
    ("synced", "skipped"): "is labelled needs-discussion: skipped",
    ("moved", "in_progress"): "an agent starts",
    ("moved", "verifying"): "the agent has committed; our own checks begin",
    ("moved", "pr_created"): "pull request opened",
    ("moved", "completed"): "merged: done",
    ("moved", "failed"): "failed",
    ("moved", "needs_review"): "needs a person",
    ("parked", "in_progress"): "waits",
    ("parked", "verifying"): "waits",
}


@dataclass
class Play:
    """One performance. `say` gets the story's lines; the product's processes are started by the caller."""

    hub: StandIn
    say: Callable[[str], None]
    fast: bool
    _told: int = 0
    _line: int = 0

    def set_up(self) -> Project:
        """The repository with its issues, and a project linked to it with automation on."""
        story.set_stage(self.hub)
        script = Path(os.environ[FOLDER]) / "agent.json"
        script.write_text(story.agent_script(pace=0.0 if self.fast else 1.0))
        credential = Credential.objects.for_secret(
            kind=Credential.Kind.TOKEN, api_url=settings.GITHUB_API_URL, secret=TOKEN
        )
        project = Project.objects.create(
            name="calc (demo)",
            github_repo=story.REPOSITORY,
            credential=credential,
            agent=Project.Agent.SCRIPTED,
            agent_command=str(script),
            automation_enabled=True,
            auto_start=True,
            max_concurrent=2,
            **story.COMMANDS,
        )
        self._tell(
            f"GitHub stand-in with {len(story.ISSUES)} open issues: {self.hub.web_url}/{story.REPOSITORY}"
        )
        self._tell("Project linked, automation on: issues are synced and queue themselves")
        return project

    def watch(self, project: Project, *, seconds: float, is_alive: Callable[[], bool]) -> bool:
        """Tell what happens and merge what is opened, until every session has ended. False: it did not get there."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and is_alive():
            self._tell_news()
            self._merge_open(project)
            sessions = list(project.sessions.all())
            if len(sessions) == len(story.ISSUES) and all(session.status in ENDED for session in sessions):
                self._tell_news()
                return self.is_success(project)
            time.sleep(POLL_SECONDS)
        return False

    @staticmethod
    def is_success(project: Project) -> bool:
        statuses = sorted(project.sessions.values_list("status", flat=True))
        return statuses == [Status.COMPLETED, Status.COMPLETED, Status.SKIPPED]

    def _merge_open(self, project: Project) -> None:
        """Somebody at GitHub merges, then Sync is pressed, as a person in a hurry would."""
        for session in project.sessions.filter(status=Status.PR_CREATED, pr_state="open"):
            if session.pr_number is None or self._is_merged(session.pr_number):
                continue
            self.hub.merge(story.REPOSITORY, session.pr_number, by="alice")
            Project.objects.filter(pk=project.pk).update(sync_requested_at=timezone.now())
            work_requested.send(Project, project_pk=project.pk)

    def _is_merged(self, number: int) -> bool:
        pulls = {issue.number: issue for issue in self.hub.pulls(story.REPOSITORY)}
        return pulls[number].state == "closed"

    def _tell_news(self) -> None:
        for event in (
            SessionEvent.objects.filter(pk__gt=self._told).select_related("issue_session").order_by("pk")
        ):
            self._told = event.pk
            sentence = TELL.get((event.verb, event.new_status))
            if sentence is None or event.reason == "claimed":
                continue
            self._tell(f"#{event.issue_session.github_issue_number} {sentence}{self._details(event)}")

    def _details(self, event: SessionEvent) -> str:
        session: IssueSession = event.issue_session
        if event.reason == "checks_failed":
            return (
                f" again: attempt {event.evidence['attempts']} failed its checks and the next one is told why"
            )
        if event.new_status == Status.PR_CREATED:
            return f": {self.hub.web_url}/{story.REPOSITORY}/pull/{session.pr_number}"
        if event.new_status in (Status.FAILED, Status.NEEDS_REVIEW) or event.verb == "parked":
            return f": {event.message}"
        return ""

    def _tell(self, sentence: str) -> None:
        self._line += 1
        self.say(f"{self._line:>3}. {sentence}")


def open_stand_in() -> StandIn:
    root = Path(os.environ[FOLDER]) / "github"
    return StandIn({TOKEN: LOGIN}, port=int(os.environ[STAND_IN_PORT]), root=root, record=False)


def summary(project: Project) -> list[dict[str, object]]:
    return [
        {
            "issue": session.github_issue_number,
            "status": session.status,
            "attempts": session.attempts,
            "pr_number": session.pr_number,
            "pr_state": session.pr_state,
        }
        for session in project.sessions.order_by("github_issue_number")
    ]
