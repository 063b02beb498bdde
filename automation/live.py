"""A running session as one watches it: the agent's transcript, line by line, and the wish to stop it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from django.db import Error as DatabaseTrouble
from django.db import connection
from django.db.models import Max

from automation.agents.base import Adapter
from automation.agents.events import Event, Retry, Started, Text, ToolCall, ToolResult
from automation.agents.registry import get_adapter
from automation.agents.transcripts import Reader
from issues import verbs
from issues.models import Attempt, IssueSession
from issues.sanitize import clean_line
from issues.transitions import Conflict

logger = logging.getLogger(__name__)
POLL_SECONDS = 0.5
LINE_LIMIT = 400
RESULT_LIMIT = 160


class Watcher(threading.Thread):
    """Shows the current attempt of a session until `end` is called; passes a wish to stop on, once."""

    def __init__(self, session_pk: int, *, say: Callable[[str], None], actor: str) -> None:
        super().__init__(name=f"watch-{session_pk}", daemon=True)
        self.stop_wanted = threading.Event()
        self._session_pk, self._say, self._actor = session_pk, say, actor
        self._ended = threading.Event()
        before = Attempt.objects.filter(issue_session=session_pk).aggregate(last=Max("number"))
        self._number = before["last"] or 0
        self._attempt: Attempt | None = None
        self._transcript: Reader | None = None
        self._is_asked = False

    def run(self) -> None:
        try:
            while not self._ended.wait(POLL_SECONDS):
                self._look()
            self._look()
        finally:
            connection.close()

    def end(self) -> None:
        self._ended.set()
        self.join()

    def _look(self) -> None:
        try:
            if self.stop_wanted.is_set() and not self._is_asked:
                self._is_asked = self._ask_to_stop()
            self._find_attempts()
        except DatabaseTrouble as error:
            logger.info("session=%s outcome=not_watched %s", self._session_pk, type(error).__name__)
            connection.close()
        self._show()

    def _ask_to_stop(self) -> bool:
        """False: its state changed under our hands, so ask again."""
        session = IssueSession.objects.select_related("project").get(pk=self._session_pk)
        try:
            verbs.stop(session, actor=self._actor)
        except verbs.NotAllowed as error:
            self._say(str(error))
        except Conflict:
            return False
        return True

    def _find_attempts(self) -> None:
        new = Attempt.objects.filter(issue_session=self._session_pk, number__gt=self._number)
        for attempt in new.order_by("number"):
            self._show()
            self._say(f"Attempt {attempt.number} with {attempt.agent}:")
            self._attempt, self._number = attempt, attempt.number
            self._transcript = Reader(attempt.transcript_path)

    def _show(self) -> None:
        if self._attempt is None or self._transcript is None:
            return
        adapter = get_adapter(self._attempt.agent)
        for entry in self._transcript.read():
            for line in readable(entry, adapter):
                self._say(line)


def readable(entry: dict[str, Any], adapter: Adapter) -> list[str]:
    """An entry of a transcript in lines for a person, without anything that a terminal would obey."""
    text = str(entry.get("line", ""))
    match entry.get("stream"):
        case "stdout":
            return [line for event in adapter.parse(text.encode()) for line in _event_lines(event)]
        case "stderr":
            return [f"  ! {clean_line(text, limit=LINE_LIMIT)}"]
        case "note":
            return [f"  = {clean_line(text, limit=LINE_LIMIT)}"]
    return []


def _event_lines(event: Event) -> list[str]:
    match event:
        case Started():
            return [f"  started {clean_line(event.model)}".rstrip()]
        case Text():
            lines = (clean_line(line, limit=LINE_LIMIT) for line in event.text.splitlines())
            return [f"  {line}" for line in lines if line]
        case ToolCall():
            return [f"  > {clean_line(event.name)}: {clean_line(event.detail, limit=LINE_LIMIT)}"]
        case ToolResult():
            word = "failed" if event.is_error else "ok"
            return [f"    {word}: {clean_line(event.text, limit=RESULT_LIMIT)}"]
        case Retry():
            return [f"  ! the model does not answer, trying again: {clean_line(event.message)}"]
    return []
