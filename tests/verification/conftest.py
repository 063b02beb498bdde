"""What the tests of verification share: a mirror with one commit, a session at work on it, and what is stored."""

from __future__ import annotations

import pytest

from automation.demo.github.bare import BareRepository
from issues.models import IssueSession
from projects import leases
from projects.workspace import folders
from projects.workspace.git import Remote
from projects.workspace.mirror import Mirror
from projects.workspace.sandbox import detect
from tests.factories import create_attempt, create_project, create_session
from verification.verify import verify_commit

BRANCH = "feature/issue-3"
APP = {"app.py": "x = 1\n", "tests/test_app.py": "import app\nassert app.x == 1\n", ".gitignore": "*.tmp\n"}


@pytest.fixture
def mirror(settings, tmp_path):
    """A mirror whose main has one commit with APP."""
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    mirror = Mirror(
        tmp_path / "workspace" / "mirrors" / "1", Remote(f"{settings.GITHUB_WEB_URL}/octo/app.git")
    )
    commit(mirror, APP)
    return mirror


def commit(mirror, files, *, branch="main"):
    """Commit `files` (None: delete) on a branch of the mirror; its new head."""
    if mirror.path.exists():
        bare = BareRepository(mirror.path)
        parents = [] if branch in bare.branches() else ["from refs/heads/main^0"]
    else:
        bare, parents = BareRepository.create(mirror.path, "main"), []
    lines = [f"commit refs/heads/{branch}", "committer A <a@example.com> 0 +0000", "data 4", "Work", *parents]
    for path, text in files.items():
        if text is None:
            lines.append(f"D {path}")
        else:
            lines += [f"M 100755 inline {path}", f"data {len(text.encode())}", text]
    bare.git("fast-import", "--quiet", stdin="\n".join([*lines, ""]).encode())
    return bare.branches()[branch]


def prepared(mirror, **commands):
    """A session with an attempt and its lease."""
    session = create_session(project=create_project(**commands), base_sha=mirror.branch_sha("main"))
    create_attempt(session)
    return session, leases.claim(IssueSession, session.pk)


def verify(session, mirror, head_sha, *, lease=None, stop=None):
    return verify_commit(
        session,
        attempt=session.attempt_rows.first(),
        mirror=mirror,
        head_sha=head_sha,
        base_sha=mirror.branch_sha("main"),
        sandbox=detect("auto"),
        stop=stop,
        lease=lease,
    )


def stored(session, *fields):
    return list(session.verification_results.order_by("id").values_list(*fields))


def leftovers():
    folder = folders.check_path(1, 1).parent
    return list(folder.iterdir()) if folder.exists() else []
