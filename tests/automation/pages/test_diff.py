"""The diff of a session's branch, on the page and for download, from a real mirror; and why there is none."""

from __future__ import annotations

import subprocess

import pytest
from django.urls import reverse

from automation.pages import diff
from projects import redaction
from tests.factories import create_attempt, create_membership, create_project, create_session, create_user

pytestmark = pytest.mark.django_db
TOKEN = "ghp_" + "a1" * 18
IDENTITY = ["-c", "user.name=a", "-c", "user.email=a@b.c"]


def git(folder, *words):
    line = ["git", *IDENTITY, *words]
    return subprocess.run(line, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def session(tmp_path, settings):
    """A session whose project has a mirror: a base, and a head with a fix, a secret and a hostile name."""
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    session = create_session(project=create_project(), github_issue_number=125)
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    (work / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "Begin")
    session.base_sha = git(work, "rev-parse", "HEAD")
    (work / "calc.py").write_text(f"def add(a, b):\n    return a + b  # {TOKEN}\n")
    (work / "<script>.py").write_bytes(b"caf\xe9 \xff\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "Fix")
    session.head_sha = git(work, "rev-parse", "HEAD")
    git(tmp_path, "clone", "-q", "--bare", str(work), str(session.project.mirror_path))
    session.save()
    return session


@pytest.fixture
def visitor(client, session):
    user = create_user(is_staff=True)
    create_membership(project=session.project, user=user, role="viewer")
    client.force_login(user)
    return client


def page(client, session, **parameters):
    answer = client.get(reverse("admin:session", args=[session.pk]), {"tab": "diff"} | parameters)
    assert answer.status_code == 200
    return answer.content.decode()


def download(client, session, **parameters):
    return client.get(reverse("admin:diff-raw", args=[session.pk]), parameters)


def test_the_branch_is_shown_with_files_counts_and_colours(visitor, session):
    text = page(visitor, session)
    assert "2 files changed" in text
    assert '<span class="tok-keyword">return</span> a + b' in text
    assert f"{session.base_sha[:10]}..{session.head_sha[:10]}" in text
    assert "&lt;script&gt;.py" in text
    assert "<script>.py" not in text
    assert TOKEN not in text


def test_the_download_is_a_text_file_that_no_browser_runs(visitor, session):
    answer = download(visitor, session)
    body = b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="issue-125.diff"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert body.startswith(b"diff --git ")
    assert b"+caf\xe9 \xff\n" in body
    assert TOKEN.encode() not in body
    assert redaction.MASK.encode() in body


def test_the_download_is_cut_at_its_limit(visitor, session, monkeypatch):
    monkeypatch.setattr(diff, "DOWNLOAD_BYTES", 200)
    body = b"".join(download(visitor, session).streaming_content)
    assert body.endswith(diff.CUT)
    assert len(body) < 400


def test_one_attempts_own_part_can_be_shown(visitor, session):
    create_attempt(session, number=4, base_sha=session.head_sha, head_sha=session.head_sha)
    create_attempt(session, number=5, base_sha=session.base_sha, head_sha=session.head_sha)
    assert "0 files changed" in page(visitor, session, attempt="4")
    text = page(visitor, session, attempt="5")
    assert "What attempt 5 added" in text
    assert "branch.diff?attempt=5" in text
    assert b"+++ b/calc.py" in b"".join(download(visitor, session, attempt="5").streaming_content)
    assert download(visitor, session, attempt="9").status_code == 404
    assert download(visitor, session, attempt="x").status_code == 400


def test_sizes_of_attempts_are_counted_from_the_mirror(visitor, session):
    create_attempt(session, number=1, base_sha=session.base_sha, head_sha=session.head_sha)
    text = visitor.get(reverse("admin:session", args=[session.pk]), {"tab": "attempts"}).content.decode()
    assert "2 files" in text
    assert "?tab=diff&amp;attempt=1" in text


def test_without_a_commit_a_sentence_says_so_and_the_download_leads_back(visitor, session):
    session.head_sha = ""
    session.save()
    assert "no commit in this round yet" in page(visitor, session)
    answer = download(visitor, session)
    assert answer.status_code == 302
    assert answer["Location"].endswith("?tab=diff")


@pytest.mark.parametrize("sha", ["a" * 40, "0" * 40])
def test_commits_that_are_not_here_are_a_sentence_and_no_error(visitor, session, sha):
    session.head_sha = sha
    session.save()
    assert "not on this host" in page(visitor, session)
    assert download(visitor, session).status_code == 302


def test_a_mirror_that_is_not_here_or_damaged_is_a_sentence_and_no_error(visitor, session):
    (session.project.mirror_path / "HEAD").unlink()
    assert "not on this host" in page(visitor, session)
    session.project.mirror_path.rename(session.project.mirror_path.with_name("gone"))
    assert "not on this host" in page(visitor, session)
    assert download(visitor, session).status_code == 302


@pytest.mark.parametrize("content", [b"[broken", b"[core]\n\tbare = \xff\xfe", b"x = 1"])
def test_a_mirror_whose_settings_cannot_be_read_is_a_sentence_and_no_error(visitor, session, content):
    create_attempt(session, base_sha=session.base_sha, head_sha=session.head_sha)
    (session.project.mirror_path / "config").write_bytes(content)
    assert "not on this host or cannot be read" in page(visitor, session)
    assert page(visitor, session, tab="attempts")
    assert download(visitor, session).status_code == 302


def test_what_is_no_sha_reaches_no_git(visitor, session):
    session.base_sha = "--output=/tmp/x"
    session.save()
    assert "no commit in this round yet" in page(visitor, session)
