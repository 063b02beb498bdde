"""A host's repairs, in the thread of its own that the sessions cluster gives them."""

from __future__ import annotations

import os
import threading

import pytest
from django.utils import timezone

from automation import clusters, draining, repairing
from issues.states import Status
from projects.workspace import folders
from tests.factories import create_project, create_session
from tests.flows.workers import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(settings, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    (tmp_path / "workspace" / "clones").mkdir(parents=True)
    return tmp_path / "workspace"


@pytest.fixture
def in_a_thread():
    """Look again and again, every tenth of a second, until the test is over."""
    threads = []

    def start(look):
        thread = threading.Thread(target=clusters._look_for_ever, args=[look, 0.1], name="repairs")
        threads.append(thread)
        thread.start()
        return thread

    yield start
    draining.begin(0)
    for thread in threads:
        thread.join(20)
    draining.forget()


def ended_session(**values):
    return create_session(project=create_project(**values), status=Status.COMPLETED)


def test_a_clone_that_became_a_link_goes_and_what_it_leads_to_stays(root, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    clone = folders.clone_path(ended_session().pk, 1)
    clone.symlink_to(tmp_path / "precious")
    repairing.look()
    assert (os.path.lexists(clone), (tmp_path / "precious" / "file").exists()) == (False, True)


def test_trouble_with_one_project_is_told_with_its_number_and_keeps_no_other_from_its_repair(root, caplog):
    unreadable, odd, plain = ended_session(), ended_session(), ended_session()
    (unreadable.project.mirror_path / "packed-refs").mkdir(parents=True)
    folders.clone_path(odd.pk, 1).with_name(f"{odd.pk}-²").mkdir()  # a digit that is no number
    folders.clone_path(plain.pk, 1).mkdir()
    repairing.look()
    assert not folders.clone_path(plain.pk, 1).exists()
    assert f"project={unreadable.project.pk} act=repair outcome=IsADirectoryError" in caplog.text
    assert f"project={odd.project.pk} act=repair outcome=internal_error" in caplog.text
    assert "Traceback" in caplog.text


def test_a_bug_in_one_look_is_told_with_its_trace_and_the_next_look_comes(in_a_thread, caplog):
    looks = []

    def look():
        looks.append(timezone.now())
        raise ValueError("an odd folder")

    thread = in_a_thread(look)
    eventually(lambda: len(looks) > 2, seconds=20)
    assert thread.is_alive()
    assert "thread=repairs outcome=internal_error" in caplog.text
    assert "Traceback" in caplog.text
