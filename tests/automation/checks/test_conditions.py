"""Every check on the real condition that it is for: a folder, a key, a program, a queue that is really so."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_q.models import OrmQ

from automation import doctor
from automation.checks import queues, storage
from automation.checks.situation import Situation
from automation.models import Notification, NotificationRoute
from automation.queue import enqueue_advance
from automation.tick import tick
from issues.models import IssueSession
from projects import leases
from projects.models import Credential, Project
from tests.factories import create_credential, create_project, create_session
from tests.sandboxes import require_sandbox

pytestmark = pytest.mark.django_db


def found(tag, **values):
    """Level and sentence with hint of each finding, by its number."""
    findings = doctor.examine(Situation(projects=doctor.active_projects(), **values), [tag])
    return {finding.id[-3:]: (finding.level, f"{finding.message} {finding.hint}") for finding in findings}


def program(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_debug_and_weak_keys_are_warned_of(settings):
    settings.DEBUG, settings.SECRET_KEY, settings.FERNET_KEYS = (
        True,
        "x" * 60,
        ["k3y-" + "aB3dE5gH7jK9mN" * 3, "short"],
    )
    said = found("settings")
    assert said["002"][0] == "warning"
    assert "SECRET_KEY" in said["003"][1] or "FERNET_KEYS" in said["003"][1]
    messages = [f.message for f in doctor.examine(Situation(), ["settings"]) if f.id == "autowrkers.W003"]
    assert len(messages) == 2
    assert not any("short'" in message or "xxx" in message for message in messages)


def test_hosts_and_origins_must_fit_the_sites_address(settings):
    settings.SITE_URL = "https://agents.example.com"
    settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS = ["localhost"], []
    messages = [f.message for f in doctor.examine(Situation(), ["settings"]) if f.id == "autowrkers.E004"]
    assert ["ALLOWED_HOSTS" in messages[0], "https://agents.example.com" in messages[1]] == [True, True]
    settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS = [".example.com"], ["https://agents.example.com"]
    assert found("settings")["004"][0] == "ok"
    settings.ALLOWED_HOSTS = ["*"]
    assert found("settings")["004"][0] == "warning"


def test_a_wrong_setting_of_the_product_shows_under_its_own_number(settings):
    settings.AUTOWRKERS_SANDBOX = "castle"
    ids = {finding.id: finding.level for finding in doctor.examine(Situation(), ["settings"])}
    assert ids["projects.E004"] == "error"


def test_secrets_that_no_key_opens_are_named_and_not_shown(settings):
    create_credential("very-secret-token-1")
    unreadable = create_credential("very-secret-token-2")
    with_other_key = b"gAAAAABnotours"
    Credential.objects.filter(pk=unreadable.pk).update(login="bot")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE projects_credential SET secret = %s WHERE id = %s", [with_other_key, unreadable.pk]
        )
    level, said = found("database")["032"]
    assert (level, f"id {unreadable.pk}" in said, "very-secret" in said) == ("error", True, False)
    assert said.startswith("1 of 2 stored secrets")


def test_a_database_of_an_older_version_is_an_error():
    MigrationRecorder.Migration.objects.filter(app="projects").order_by("-id")[0].delete()
    level, said = found("database")["031"]
    assert (level, "manage.py migrate" in said) == ("error", True)


def test_each_good_fact_of_the_settings_has_an_id_of_its_own():
    ids = [finding.id for finding in doctor.examine(Situation(), ["settings"]) if finding.level == "ok"]
    assert len(ids) == len(set(ids))


def test_a_folder_that_cannot_be_written_and_a_full_disk(settings, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    settings.AUTOWRKERS_WORKSPACE_ROOT, settings.AUTOWRKERS_LOG_ROOT = blocked / "work", tmp_path / "logs"
    said = found("storage")
    assert (said["020"][0], said["022"][0]) == ("error", "ok")
    monkeypatch.setattr(storage, "FREE_BYTES", 2**62)
    assert found("storage")["023"][0] == "error"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own read-only folder")
def test_a_read_only_folder_is_found_even_by_root():
    (said,) = storage.look_at(Path("/proc/sys"), "AUTOWRKERS_LOG_ROOT", 22)
    assert (said.id, "not writable" in said.msg) == ("autowrkers.E022", True)


def test_a_missing_agent_is_found_without_starting_anything(settings):
    settings.AUTOWRKERS_CLAUDE_COMMAND = "no-such-claude"
    create_project()
    level, said = found("agent", may_run_programs=False)["041"]
    assert (level, "'no-such-claude'" in said, "AUTOWRKERS_CLAUDE_COMMAND" in said) == ("error", True, True)


def test_before_any_project_one_agent_that_could_be_chosen_suffices(settings, tmp_path):
    settings.AUTOWRKERS_CLAUDE_COMMAND = settings.AUTOWRKERS_CODEX_COMMAND = "no-such-agent"
    assert found("agent")["041"][0] == "error"
    settings.AUTOWRKERS_CODEX_COMMAND = program(tmp_path, "codex", "true")
    assert "041" not in found("agent")
    assert "041" not in found("agent", site_wide=False)


def test_an_agent_is_asked_for_its_version_and_sign_in_in_the_sandbox(settings, tmp_path, monkeypatch):
    require_sandbox(settings.AUTOWRKERS_SANDBOX)
    status = '[ -n "$MODEL_KEY" ] && s=true || s=false; echo "{\\"loggedIn\\": $s}"'
    script = f'case "$1" in --version) echo 9.9.9;; *) {status};; esac'
    settings.AUTOWRKERS_CLAUDE_COMMAND = program(tmp_path, "claude", script)
    create_project()
    said = found("agent", may_run_programs=True)
    assert (said["042"][0], "9.9.9" in said["042"][1], said["043"][0]) == ("note", True, "error")
    assert "AUTOWRKERS_AGENT_ENV" in said["043"][1]
    monkeypatch.setenv("MODEL_KEY", "model-key-123456")
    settings.AUTOWRKERS_AGENT_ENV = ["MODEL_KEY"]
    level, said = found("agent", may_run_programs=True)["043"]
    assert (level, "signed in" in said) == ("ok", False)
    assert "whether the model takes it shows at the first start" in said


def test_an_agent_that_hangs_or_breaks_is_told_in_time(settings, tmp_path, monkeypatch):
    require_sandbox(settings.AUTOWRKERS_SANDBOX)
    monkeypatch.setattr("automation.checks.agents.PROGRAM_SECONDS", 1.0)
    settings.AUTOWRKERS_CLAUDE_COMMAND = program(tmp_path, "claude", "sleep 60")
    create_project()
    assert "did not answer in time" in found("agent", may_run_programs=True)["042"][1]
    settings.AUTOWRKERS_CLAUDE_COMMAND = program(tmp_path, "claude", "echo broken >&2; exit 3")
    level, said = found("agent", may_run_programs=True)["042"]
    assert (level, "ended with code 3" in said, "broken" in said) == ("error", True, True)


def test_no_sandbox_that_works_and_none_by_choice(settings):
    settings.AUTOWRKERS_SANDBOX = "none"
    assert found("agent", may_run_programs=True)["040"][0] == "warning"
    settings.AUTOWRKERS_SANDBOX = "castle"
    assert found("agent", may_run_programs=True)["040"][0] == "error"


def test_a_stopped_default_cluster_is_told_by_what_it_leaves_undone(monkeypatch):
    monkeypatch.setattr(queues, "parts_here", lambda: {"queue", "sessions", "clock"})
    create_project()
    tick()
    assert found("queue")["060"][0] == "ok"
    Project.objects.update(tend_enqueued_at=timezone.now() - timedelta(minutes=3))
    level, said = found("queue")["060"]
    assert (level, "default cluster" in said, "3 minutes" in said) == ("error", True, True)


def test_a_stopped_sessions_cluster_and_one_at_work(monkeypatch):
    monkeypatch.setattr(queues, "parts_here", set)
    session = create_session(queued_at=timezone.now())
    level, said = found("queue")["061"]
    assert (level, "not seen on this host" in said) == ("warning", True)
    IssueSession.objects.update(enqueued_at=timezone.now() - timedelta(minutes=2))
    assert found("queue")["061"][0] == "error"
    leases.claim(IssueSession, session.pk)
    assert found("queue")["061"][0] == "ok"


def test_a_stopped_clock_is_told_by_projects_that_nobody_wakes(monkeypatch):
    monkeypatch.setattr(queues, "parts_here", lambda: {"clock"})
    project = create_project()
    assert found("queue")["062"][0] == "ok"
    Project.objects.update(last_tended_at=timezone.now() - timedelta(hours=3))
    level, said = found("queue")["062"]
    assert (level, "3 hours" in said) == ("error", True)
    Project.objects.filter(pk=project.pk).update(retry_at=timezone.now() + timedelta(minutes=5))
    assert found("queue")["062"][0] == "ok"
    Project.objects.update(retry_at=None, last_tended_at=timezone.now())
    assert found("queue")["062"] == ("ok", "The clock beats. ")


@pytest.mark.django_db(transaction=True)
def test_messages_that_nobody_takes_are_counted_with_their_age(settings):
    if settings.QUEUE_BROKER_URL:
        pytest.skip("The queue is not in the database.")
    enqueue_advance(1)
    assert found("queue")["063"][1].startswith("1 messages wait")
    OrmQ.objects.update(lock=timezone.now() - timedelta(minutes=10))
    level, said = found("queue")["063"]
    assert (level, "10 minutes" in said) == ("warning", True)


def test_the_parts_of_this_installation_are_known_by_their_command_lines():
    manage = str(configured.BASE_DIR / "manage.py")
    assert queues.part_of([manage, "qcluster"]) == "queue"
    assert queues.part_of([manage, "qcluster", "-n", "sessions"]) == "sessions"
    assert queues.part_of([manage, "clock", "--interval", "5"]) == "clock"
    assert queues.part_of([manage, "migrate"]) == ""


def test_the_process_list_is_read_for_this_installation_only(tmp_path):
    def process(pid, words, cwd):
        folder = tmp_path / str(pid)
        folder.mkdir()
        (folder / "cmdline").write_bytes("\0".join(words).encode() + b"\0")
        (folder / "cwd").symlink_to(cwd)

    process(1, ["python", "manage.py", "clock"], configured.BASE_DIR)
    process(2, ["python", "manage.py", "qcluster"], tmp_path)
    process(3, ["python", str(configured.BASE_DIR / "manage.py"), "qcluster", "-n", "sessions"], "/")
    process(4, ["vi", "manage.py", "clock"], "/gone")
    assert queues.parts_here(tmp_path) == {"clock", "sessions"}


def test_messages_to_people_that_could_not_be_sent():
    route = NotificationRoute.objects.create(channel="slack", target="https://hooks.example/x")
    assert found("notify")["070"][0] == "ok"
    Notification.objects.create(route=route, event="session.failed", dedupe_key="a", error="404 no_service")
    level, said = found("notify")["070"]
    assert (level, "404 no_service" in said) == ("warning", True)


def test_a_check_that_breaks_is_a_finding_and_stops_no_other(monkeypatch):
    def broken(situation):
        raise OSError("the disk is gone")

    checks = [doctor.Check("git", "Broken", broken), *doctor.CHECKS]
    monkeypatch.setattr(doctor, "CHECKS", checks)
    said = [finding.message for finding in doctor.examine(Situation(), ["git"])]
    assert said[0] == "This could not be looked at: the disk is gone"
    assert said[1].startswith("git version")
