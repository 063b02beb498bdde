"""Winding down archived projects."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from automation import repairing
from automation.archived import wind_down_all
from automation.pipeline import advance
from issues.models import IssueSession
from issues.states import Status
from projects.models import Project
from projects.rules import check_working_dir
from projects.workspace import folders
from tests.factories import create_project, create_session, create_superuser

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(settings, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path
    return tmp_path


def leave_files(session):
    paths = [session.project.mirror_path, folders.clone_path(session.pk, 1), folders.home_path(session.pk)]
    for path in paths:
        path.mkdir(parents=True)
    return paths


def test_what_waits_is_stopped_and_the_workspace_goes(root):
    session = create_session(project=create_project(archived_at=timezone.now()), queued_at=timezone.now())
    paths = leave_files(session)
    assert wind_down_all(timezone.now()) == 0
    assert IssueSession.objects.get().status == Status.NEEDS_REVIEW
    assert [path for path in paths if path.exists()] == []


def test_a_running_session_is_asked_once_and_keeps_its_files_until_its_worker_ends(root):
    until = timezone.now() + timedelta(seconds=40)
    project = create_project(archived_at=timezone.now())
    session = create_session(project=project, status=Status.IN_PROGRESS, lease_owner="w", lease_until=until)
    paths = leave_files(session)
    assert [wind_down_all(timezone.now()), wind_down_all(timezone.now())] == [1, 1]
    assert IssueSession.objects.get().requested_verb == "stop"
    assert session.events.count() == 1
    assert [path.exists() for path in paths] == [True, True, True]


def test_what_lies_on_another_host_goes_as_well_although_the_first_one_has_set_its_folder_free(
    settings, tmp_path
):
    project = create_project(archived_at=timezone.now(), working_dir="repos/app")
    session = create_session(project=project, status=Status.COMPLETED)
    for host in ("first", "second"):
        settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / host
        clone = folders.clone_path(session.pk, 1)
        clone.mkdir(parents=True)
    for host in ("first", "second"):
        settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / host
        repairing.look()
    assert not clone.exists()


def test_its_folder_is_free_for_another_project_once_it_is_gone(root):
    project = create_project(archived_at=timezone.now(), working_dir="repos/app")
    project.mirror_path.mkdir(parents=True)
    with pytest.raises(ValidationError):
        check_working_dir("repos/app", create_superuser(), None)
    wind_down_all(timezone.now())
    check_working_dir("repos/app", create_superuser(), None)


def test_a_folder_that_cannot_be_removed_is_told_and_keeps_no_other_from_being_removed(
    root, tmp_path, monkeypatch, caplog
):
    """A file of another user's, an immutable one, a mount: `rm` refuses all of them."""
    stuck, other = (create_project(archived_at=timezone.now(), working_dir=f"repos/{name}") for name in "ab")
    paths = leave_files(create_session(project=stuck, status=Status.COMPLETED))
    paths += leave_files(create_session(project=other, status=Status.COMPLETED))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "rm").write_text(f'#!/bin/sh\n[ "$3" != {paths[1]} ] || exit 1\nexec /bin/rm "$@"\n')
    (programs / "rm").chmod(0o755)
    monkeypatch.setitem(folders._ENV, "PATH", f"{programs}:{os.defpath}")
    assert wind_down_all(timezone.now()) == 1
    assert [path for path in paths if path.exists()] == [paths[1]]
    assert f"project={stuck.pk} act=wind_down outcome=workspace.not_removed {paths[1]}" in caplog.text
    assert [Project.objects.get(pk=each.pk).working_dir for each in (stuck, other)] == ["repos/a", ""]
    monkeypatch.undo()
    assert (wind_down_all(timezone.now()), paths[1].exists()) == (0, False)


def test_a_folder_that_a_link_leads_out_of_the_workspace_is_told_and_kept(root, tmp_path_factory, caplog):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "app").mkdir()
    odd = create_project(archived_at=timezone.now(), working_dir="repos/link/app")
    (root / "repos").mkdir()
    (root / "repos" / "link").symlink_to(outside)
    other = create_project(archived_at=timezone.now())
    other.mirror_path.mkdir(parents=True)
    assert (wind_down_all(timezone.now()), other.mirror_path.exists()) == (1, False)
    assert (outside / "app").exists()
    assert f"project={odd.pk} " in caplog.text


def test_a_living_project_is_left_alone(root):
    session = create_session(queued_at=timezone.now())
    paths = leave_files(session)
    wind_down_all(timezone.now())
    assert IssueSession.objects.get().status == Status.PENDING
    assert [path.exists() for path in paths] == [True, True, True]


@pytest.mark.django_db(transaction=True)
def test_a_worker_leaves_the_sessions_of_an_archived_project_alone():
    project = create_project(archived_at=timezone.now())
    session = create_session(project=project, queued_at=timezone.now())
    assert advance(session.pk) is True
    session.refresh_from_db()
    assert (session.status, session.attempt_rows.count(), session.lease_owner) == ("pending", 0, "")
