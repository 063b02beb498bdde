"""Mirrors are made ahead of time where sessions run, only when there is news, and never in the way of a session."""

from __future__ import annotations

import fcntl
import shutil
import threading
import time

import pytest
from django.utils import timezone

from automation.management.commands.run import parts
from automation.models import WebhookDelivery
from automation.supervisor import supervise
from automation.tend import tend
from automation.warming import Warmer
from issues.models import IssueSession
from projects import leases
from projects.connection import mirror_of
from projects.models import Credential
from projects.workspace import folders, space
from projects.workspace.mirror import fetched_at
from tests.factories import create_session
from tests.flows.workers import ROOT, eventually, product_environment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seen(plain):
    """GitHub has answered for the project once; nothing is queued yet."""
    assert tend(plain.project.pk)
    plain.project.refresh_from_db()
    return plain


def test_a_session_finds_what_was_fetched_ahead_and_no_news_means_no_fetch(seen):
    warmer = Warmer()
    assert warmer.look() == [seen.project.pk]
    mirror = seen.project.mirror_path
    assert (mirror / "HEAD").is_file()
    assert warmer.look() == []
    assert Warmer().look() == []  # after a restart
    before = set((mirror / "objects").rglob("*"))
    mirror_of(seen.project).fetch()  # as a session begins
    assert set((mirror / "objects").rglob("*")) == before
    number = seen.issue()
    seen.run()
    assert seen.session(number).status == "pr_created"


@pytest.mark.parametrize("news", ["queued", "merged", "pushed"])
def test_news_is_fetched_once(seen, news):
    warmer = Warmer()
    warmer.look()
    seen.push("main", {"NEW": "by hand"})
    if news == "queued":
        create_session(project=seen.project, queued_at=timezone.now())
    elif news == "merged":
        create_session(project=seen.project, status="completed", completed_at=timezone.now())
    else:
        WebhookDelivery.objects.create(project=seen.project, delivery_id="d-1", event="push")
    assert warmer.look() == [seen.project.pk]
    assert warmer.look() == []


def test_an_event_that_says_nothing_of_branches_is_no_news(seen):
    warmer = Warmer()
    warmer.look()
    WebhookDelivery.objects.create(project=seen.project, delivery_id="d-1", event="issues")
    assert warmer.look() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"automation_enabled": False},
        {"error_code": "github.not_found"},
        {"archived_at": timezone.now()},
        {"repository_seen_at": None},
    ],
)
def test_what_does_not_run_is_not_fetched(seen, changes):
    seen.change(**changes)
    assert Warmer().look() == []
    assert not seen.project.mirror_path.exists()


def test_a_refused_token_is_not_tried(seen):
    Credential.objects.update(error_code="github.bad_token")
    assert Warmer().look() == []


def test_a_project_that_a_session_of_this_host_is_at_is_left_to_it(seen):
    session = create_session(project=seen.project, status="in_progress")
    lease = leases.claim(IssueSession, session.pk)
    assert Warmer().look() == []
    leases.release(lease)
    assert Warmer().look() == [seen.project.pk]


def test_a_mirror_that_is_in_use_is_not_waited_for(seen):
    path = seen.project.mirror_path
    path.parent.mkdir(parents=True)
    warmer = Warmer()
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        began = time.monotonic()
        assert warmer.look() == []
        assert time.monotonic() - began < 5
    assert warmer.look() == [seen.project.pk]


def test_without_room_on_the_disk_nothing_is_fetched(seen, monkeypatch):
    monkeypatch.setattr(space, "FREE_BYTES", space.free_bytes() // 2 + 2**30)
    assert Warmer().look() == []
    assert not space.is_short()


def test_a_project_that_cannot_be_fetched_rests_and_others_go_on(seen, neighbour):
    shutil.rmtree(seen.hub.repository(seen.repo).bare.path)
    assert tend(neighbour.project.pk)
    warmer = Warmer()
    assert warmer.look() == [neighbour.project.pk]
    requests = len(seen.hub.requests)
    assert warmer.look() == []
    assert len(seen.hub.requests) == requests


def test_the_sessions_cluster_does_it_by_itself_and_clears_away_what_is_left(seen, settings):
    left = folders.clone_path(create_session(project=seen.project, status="completed").pk, 1)
    left.mkdir(parents=True)
    stop, lines = threading.Event(), []
    wanted = [part for part in parts(web_socket=0) if part.name == "sessions"]
    options = {"env": product_environment(settings), "cwd": ROOT, "stop": stop, "say": lines.append}
    thread = threading.Thread(target=supervise, args=(wanted,), kwargs=options)
    thread.start()
    try:
        eventually(lambda: fetched_at(seen.project.mirror_path) and not left.exists(), seconds=60)
    finally:
        stop.set()
        began = time.monotonic()
        thread.join(timeout=30)
    assert time.monotonic() - began < 20
