"""The live transcript: what a person reads of an agent's lines, and that no terminal obeys them."""

from __future__ import annotations

import json
import time

import pytest
from django.utils import timezone

from automation.agents.claude_code import ClaudeCode
from automation.agents.command import Command
from automation.agents.transcripts import Transcript
from automation.live import POLL_SECONDS, Watcher, readable
from issues.models import IssueSession
from issues.states import Status
from projects import leases
from tests.factories import create_attempt, create_session


def entry(line, stream="stdout"):
    return {"n": 1, "at": "2026-01-01T00:00:00Z", "stream": stream, "line": line}


def said(*blocks, kind="assistant"):
    return json.dumps({"type": kind, "message": {"id": "m1", "content": list(blocks)}})


@pytest.mark.parametrize(
    ("line", "stream", "lines"),
    [
        (said({"type": "text", "text": "First.\n\nThen."}), "stdout", ["  First.", "  Then."]),
        (
            said({"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "make test"}}),
            "stdout",
            ["  > Bash: make test"],
        ),
        (
            said(
                {"type": "tool_result", "tool_use_id": "t", "content": "2 failed", "is_error": True},
                kind="user",
            ),
            "stdout",
            ["    failed: 2 failed"],
        ),
        ("warning: \x1b[31mred\x1b[0m", "stderr", ["  ! warning: red"]),
        ("done: The agent finished.", "note", ["  = done: The agent finished."]),
        ("no json at all", "stdout", []),
        (said({"type": "text", "text": "\x1b]0;owned\x07\x1b[2Jhi\u202e\x9b31m"}), "stdout", ["  hi31m"]),
        ("x", "unheard", []),
    ],
)
def test_an_entry_becomes_lines_that_can_be_read(line, stream, lines):
    assert readable(entry(line, stream), ClaudeCode()) == lines


def test_the_plain_words_of_any_command_are_shown():
    assert readable(entry("Compiling…"), Command()) == ["  Compiling…"]


def test_a_very_long_line_is_cut():
    (line,) = readable(entry("x" * 1_000_000, "stderr"), ClaudeCode())
    assert len(line) < 500


@pytest.mark.parametrize("wrong", [{}, {"stream": "stdout"}, {"stream": "stdout", "line": 7}, {"line": None}])
def test_an_entry_of_a_wrong_shape_shows_nothing(wrong):
    assert readable(wrong, ClaudeCode()) == []


@pytest.mark.django_db(transaction=True)
def test_it_shows_the_attempts_that_begin_while_it_watches_and_no_older_ones(settings, tmp_path):
    settings.AUTOWRKERS_LOG_ROOT = tmp_path
    session = create_session()
    lines = []
    for number, words in ((1, "old"), (2, "first"), (3, "second")):
        attempt = create_attempt(session, number=number, agent="command")
        with Transcript(attempt.transcript_path) as transcript:
            transcript.write("stdout", words)
        if number == 1:
            watcher = Watcher(session.pk, say=lines.append, actor="ann")
    watcher.start()
    watcher.end()
    assert lines == ["Attempt 2 with command:", "  first", "Attempt 3 with command:", "  second"]


@pytest.mark.django_db(transaction=True)
def test_it_goes_on_when_a_run_prints_more_than_the_head_of_its_transcript_takes(settings, tmp_path):
    settings.AUTOWRKERS_LOG_ROOT = tmp_path
    session = create_session()
    lines = []
    watcher = Watcher(session.pk, say=lines.append, actor="ann")
    attempt = create_attempt(session, number=1, agent="command")
    with Transcript(attempt.transcript_path, max_bytes=2_000) as transcript:
        for number in range(20):
            transcript.write("stdout", f"word {number}")
        watcher.start()
        watcher.end()
    assert lines[-1] == "  word 19"


@pytest.mark.django_db(transaction=True)
def test_a_wish_to_stop_is_recorded_once_for_the_holder():
    session = create_session(status=Status.IN_PROGRESS, queued_at=timezone.now())
    leases.claim(IssueSession, session.pk)
    watcher = Watcher(session.pk, say=lambda line: None, actor="ann")
    watcher.stop_wanted.set()
    watcher.start()
    time.sleep(2.5 * POLL_SECONDS)
    watcher.end()
    session.refresh_from_db()
    assert (session.requested_verb, session.requested_by) == ("stop", "ann")
    assert session.events.filter(verb="requested").count() == 1
