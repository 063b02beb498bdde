"""How every command names rows, ends and speaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from automation.console import Answer, ConsoleCommand, Exit, find_project, find_session
from automation.management.commands.start_session import Command as StartSession
from projects import redaction
from projects.errors import AutowrkersError, OperatorError
from tests.automation.commands.calling import run_command
from tests.factories import create_project, create_session

ROOT = Path(__file__).resolve().parents[3]


class Failing(ConsoleCommand):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def act(self, **options):
        raise self.error


def failing(error, capsys):
    command = Failing(error)
    with pytest.raises(SystemExit) as ended:
        command.run_from_argv(["manage.py", "failing", "--skip-checks"])
    return ended.value.code, capsys.readouterr().err


@pytest.mark.django_db
@pytest.mark.parametrize("write", [lambda p: p.pk, lambda p: p.name, lambda p: p.github_repo.upper()])
def test_a_project_is_found_by_its_id_its_name_and_its_repository(write):
    project = create_project()
    create_project()
    assert find_project(str(write(project))) == project


@pytest.mark.django_db
def test_an_ambiguous_name_answers_with_the_ids():
    one, two = create_project(name="twin"), create_project(name="twin")
    with pytest.raises(AutowrkersError) as error:
        find_project("twin")
    assert f"{one.pk} (" in str(error.value)
    assert f"{two.pk} (" in str(error.value)


@pytest.mark.django_db
def test_an_archived_project_and_its_sessions_are_not_found():
    session = create_session(project=create_project(archived_at=timezone.now()))
    with pytest.raises(AutowrkersError):
        find_project(str(session.project.pk))
    with pytest.raises(AutowrkersError):
        find_session(str(session.pk))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "write",
    [
        lambda s: s.pk,
        lambda s: f"{s.project.pk}#{s.github_issue_number}",
        lambda s: f"{s.project.name}#{s.github_issue_number}",
        lambda s: f"{s.project.github_repo}#{s.github_issue_number}",
    ],
)
def test_a_session_is_found_by_its_id_and_by_project_and_issue(write):
    session = create_session()
    create_session()
    assert find_session(str(write(session))) == session


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    ["", "#", "x#1", "0", "-1", "²", "9" * 18, "9" * 20, "9" * 6000, "\udcff", "\udcff#1", "1#\x1b[31m2"],
)
def test_nonsense_in_place_of_a_session_is_a_sentence_with_a_remedy(name):
    ran = run_command("stop_session", name, "--json")
    assert ran.code == 1
    assert ran.answer["ok"] is False
    (error,) = ran.answer["errors"]
    assert error["code"] in {"session.unknown", "project.unknown"}
    assert error["remedy"]


@pytest.mark.django_db
def test_a_project_named_in_bytes_that_are_no_text_is_unknown():
    ran = run_command("sync_issues", "\udcff", "--json")
    assert ran.answer["errors"][0]["code"] == "project.unknown"


def test_an_error_is_printed_without_traceback_escapes_or_secrets(capsys):
    redaction.register("a-secret-of-the-test")
    error = AutowrkersError("x.y", "Bad \x1b[31mnews\x07 a-secret-of-the-test.", "Do better.")
    code, err = failing(error, capsys)
    assert code == 1
    assert err.startswith("Error: Bad news")
    assert "Do better." in err
    assert "\x07" not in err
    assert "a-secret-of-the-test" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperatorError("sandbox.unavailable", "No sandbox.", "Install one."), 4),
        (OperatorError("credential.missing", "No token.", "Store one."), 4),
        (AutowrkersError("session.sandbox.unavailable", "No sandbox.", "Install one."), 4),
        (OperatorError("github.not_found", "No repository.", "Correct it."), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_exit_code_tells_the_kind_of_failure(error, code, capsys):
    assert failing(error, capsys)[0] == code


@pytest.mark.parametrize("arguments", [["--json"], ["--js", "1", "seven"], ["1", "2", "--json", "--colour"]])
def test_a_wrong_use_is_one_json_object_too_where_that_was_asked_for(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        StartSession().run_from_argv(["manage.py", "start_session", *arguments])
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert (ended.value.code, answer["ok"], answer["data"]) == (2, False, None)
    assert answer["command"] == "start_session"
    (error,) = answer["errors"]
    assert (error["code"], error["message"].rstrip(".") in said.err) == ("command.usage", True)
    assert "usage:" in said.err


@pytest.mark.parametrize("arguments", [[], ["1", "--", "--json"]])
def test_a_wrong_use_writes_nothing_to_stdout_where_no_json_was_asked_for(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        StartSession().run_from_argv(["manage.py", "start_session", *arguments])
    assert (ended.value.code, capsys.readouterr().out) == (2, "")


class Talkative(ConsoleCommand):
    def __init__(self, *, ends):
        super().__init__()
        self.ends = ends

    def act(self, **options):
        if not self.ends:
            while True:
                self.stdout.write("a line")
        return Answer(lines=["a line"] * 3, code=Exit.NOT_READY)


@pytest.fixture
def unread():
    """A pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        yield out


def test_a_reader_that_has_seen_enough_ends_a_command_without_a_traceback(unread):
    call_command(Talkative(ends=False), stdout=unread, skip_checks=True)


def test_the_exit_code_stays_when_nobody_reads_on(unread):
    with pytest.raises(CommandError) as ended:
        call_command(Talkative(ends=True), stdout=unread, skip_checks=True)
    assert ended.value.returncode == Exit.NOT_READY


def test_a_pipe_that_breaks_elsewhere_is_no_success():
    with Path(os.devnull).open("w", encoding="utf-8") as out, pytest.raises(BrokenPipeError):
        call_command(Failing(BrokenPipeError()), stdout=out, skip_checks=True)


def test_what_people_wrote_reaches_the_terminal_without_escapes(capsys):
    class Speaking(ConsoleCommand):
        def act(self, **options):
            return Answer(lines=["\x1b]0;title\x07a \x1b[2Jtitle\u202e"])

    Speaking().run_from_argv(["manage.py", "speaking", "--skip-checks"])
    assert capsys.readouterr().out == "a title\n"


def test_a_database_without_tables_ends_with_4_and_says_migrate(tmp_path):
    program = (sys.executable, "manage.py", "tick", "--json")
    env = {"SECRET_KEY": "x" * 50, "DEBUG": "true", "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"}
    ran = subprocess.run(program, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 4
    assert '"ok": false' in ran.stdout
    assert "migrate" in ran.stderr
    assert "Traceback" not in ran.stderr
