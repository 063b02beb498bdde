"""PostgreSQL away for a minute in the middle of ten running sessions, with real processes behind a proxy."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import requests

from issues.models import Attempt, IssueSession, SessionEvent
from issues.states import Status
from projects.workspace import trees
from tests.faults import ledger
from tests.faults.installation import REPO, Installation
from tests.faults.proxy import Proxy

SESSIONS = 10
AWAY_SECONDS = 60.0
WEB_PATHS = ("/admin/login/", "/api/projects")
LAST_SECONDS = 420.0
LEASE_SECONDS = 45.0


class Outage:
    def __init__(self, here: Installation, proxy: Proxy) -> None:
        self.here, self.proxy = here, proxy
        self.table: list[tuple[int, str]] = []
        self.answers: Counter[str] = Counter()
        self.began = time.monotonic()

    def play(self) -> dict[str, Any]:
        user, _, place = urlsplit(self.here.url).netloc.rpartition("@")
        self.here.start(
            DATABASE_URL=self.here.url.replace(f"{user}@{place}", f"{user}@127.0.0.1:{self.proxy.port}")
        )
        self.here.start_web()
        numbers = [self.here.hub.create_issue(REPO, f"Issue {n + 1}", "Mend it.") for n in range(SESSIONS)]
        self._tell(f"{SESSIONS} issues are opened")
        self._until(lambda: Attempt.objects.filter(outcome="", pid__isnull=False).count() == SESSIONS, 180)
        running = list(Attempt.objects.filter(outcome="", pid__isnull=False))
        asked = len(self.here.hub.requests)
        away = time.monotonic()
        self.proxy.shut()
        self._tell(f"the database refuses every connection; {len(running)} agents are at work")
        ended_at = self._watch(running, away)
        self.proxy.open()
        self._tell(f"it is back; web answered {dict(self.answers)}")
        back, sent = time.monotonic(), len(self.here.hub.requests) - asked
        self._until(lambda: requests.get(self._url("/readyz"), timeout=20).ok, 60)
        web_after = time.monotonic() - back
        self._tell("/readyz is ready again")
        held = {row.issue_session_id: row.issue_session.fence for row in running}
        again = self._until(lambda: all(map(self._goes_on, held.items())), LAST_SECONDS)
        self._tell("every session is claimed again, or has come to its end")
        self._until(self._is_done, LAST_SECONDS)
        self._tell("every pull request is merged")
        return {
            "outage": f"PostgreSQL, {AWAY_SECONDS:.0f} s, real processes",
            "table": self.table,
            "requests_during": sent,
            "web_answers": dict(self.answers),
            "web_ready_after_s": round(web_after, 1),
            "agents_at_work": len(running),
            "agents_ended_during": len(ended_at),
            "agents_ended_after_s": [round(min(ended_at)), round(max(ended_at))] if ended_at else [],
            "outlived_their_lease": sum(seconds > LEASE_SECONDS for seconds in ended_at),
            "resumed_within_s": round(again, 1),
            **self._judge(numbers),
        }

    def _watch(self, running: list[Attempt], away: float) -> list[float]:
        """What happens meanwhile: answers of the web, and after how many seconds which agent has ended."""
        alive = {row.pid: trees.ProcessIdentity(row.host, row.pid, row.pid_started) for row in running}
        ended_at = []
        while time.monotonic() - away < AWAY_SECONDS:
            for path in WEB_PATHS:
                answer = requests.get(self._url(path), timeout=30)
                self.answers[f"{answer.status_code} Retry-After {answer.headers.get('Retry-After')}"] += 1
            for pid in [pid for pid, identity in alive.items() if not trees.is_alive(identity)]:
                del alive[pid]
                ended_at.append(time.monotonic() - away)
            self.here.restart_what_ended()
            time.sleep(0.5)
        return ended_at

    def _goes_on(self, held: tuple[int, int]) -> bool:
        session = IssueSession.objects.get(pk=held[0])
        return session.fence > held[1] or session.status in (Status.PR_CREATED, Status.COMPLETED)

    def _is_done(self) -> bool:
        return self.here.project.sessions.filter(status=Status.COMPLETED).count() == SESSIONS

    def _judge(self, numbers: list[int]) -> dict[str, Any]:
        duplicates, losses = ledger.judge(self.here.hub, numbers)
        outcomes = Counter(Attempt.objects.values_list("outcome", "counted"))
        return {
            "attempts": {
                f"{outcome or 'open'}{' (counted)' if is_counted else ''}": count
                for (outcome, is_counted), count in outcomes.items()
            },
            "half_transitions": [
                f"session {pk}"
                for pk in self.here.project.sessions.values_list("pk", flat=True)
                if not _is_whole(pk)
            ],
            "restarts": self.here.restarts,
            "duplicates": duplicates,
            "losses": losses,
        }

    def _until(self, condition: Any, seconds: float) -> float:
        """How long it took; merging what is ready meanwhile."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"not within {seconds:.0f} s; {self.table}; see {self.here.root}")
            self.here.restart_what_ended()
            for pull in self.here.hub.pulls(REPO):
                if pull.state == "open":
                    self.here.hub.merge(REPO, pull.number)
            time.sleep(0.5)
        return time.monotonic() - began

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.here.web_port}{path}"

    def _tell(self, event: str) -> None:
        self.table.append((round(time.monotonic() - self.began), event))


def _is_whole(session_pk: int) -> bool:
    """Each move begins where the one before it ended, and the row stands where the last one led."""
    events = SessionEvent.objects.filter(issue_session_id=session_pk).exclude(new_status="").order_by("id")
    status = ""
    for event in events:
        if status and event.old_status and event.old_status != status:
            return False
        status = event.new_status
    return bool(IssueSession.objects.get(pk=session_pk).status == status)
