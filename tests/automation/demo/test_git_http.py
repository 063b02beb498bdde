from __future__ import annotations

import os
import subprocess

import pytest
import requests

from automation.demo.github import Fault


@pytest.fixture
def git(tmp_path):
    def run(*args, cwd=tmp_path, **env):
        names = {
            f"GIT_{role}_{what}": "dora@example.com"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        base = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0", **names}
        return subprocess.run(
            ["git", *args], cwd=cwd, env=base | env, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def url(hub, token):
    return hub.web_url.replace("//", f"//x-access-token:{token}@") + "/acme/calc.git"


@pytest.fixture
def clone(git, url, tmp_path):
    assert git("clone", "-q", url, "clone").returncode == 0
    return tmp_path / "clone"


def push(git, clone, branch, content="x", *options):
    (clone / "change.txt").write_text(content)
    git("checkout", "-q", "-B", branch, cwd=clone)
    git("add", ".", cwd=clone)
    git("commit", "-qm", "Change", cwd=clone)
    return git("push", "-q", *options, "origin", branch, cwd=clone)


def test_a_token_clones_and_pushes(hub, git, clone):
    done = push(git, clone, "feature/issue-1")
    assert done.returncode == 0, done.stderr
    head = git("rev-parse", "HEAD", cwd=clone).stdout.strip()
    assert hub.repository("acme/calc").bare.resolve("feature/issue-1") == head


def test_a_large_push_in_chunks_arrives_whole(hub, git, clone):
    done = push(git, clone, "large", os.urandom(1_500_000).hex())
    assert done.returncode == 0, done.stderr
    assert len(hub.repository("acme/calc").bare.git("show", "large:change.txt")) == 3_000_000


def test_a_bearer_token_fetches(hub, git, token):
    header = f"http.extraHeader=Authorization: Bearer {token}"
    listed = git("-c", header, "ls-remote", f"{hub.web_url}/acme/calc.git", "main")
    assert hub.repository("acme/calc").bare.resolve("main") in listed.stdout


@pytest.mark.parametrize(
    ("path", "secret", "said"),
    [("acme/calc", "wrong", "Invalid username or token"), ("acme/missing", None, "Repository not found")],
)
def test_a_wrong_token_or_name_is_refused_in_githubs_words(hub, git, token, path, secret, said):
    url = hub.web_url.replace("//", f"//x-access-token:{secret or token}@") + f"/{path}.git"
    refused = git("ls-remote", url)
    assert refused.returncode != 0
    assert said in refused.stderr


def test_nobody_reads_without_a_token(hub):
    answer = requests.get(f"{hub.web_url}/acme/calc.git/info/refs?service=git-upload-pack", timeout=10)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_reader_cannot_push(hub, git, clone):
    hub.permit("acme/calc", "autowrkers-bot", "read")
    refused = push(git, clone, "feature/issue-1")
    assert "403" in refused.stderr
    assert "Permission to acme/calc.git denied to autowrkers-bot" in refused.stderr


def test_a_protected_branch_takes_no_push(hub, git, clone):
    hub.protect("acme/calc", "^(main|release/.*)$")
    refused = push(git, clone, "release/1")
    assert "GH006: Protected branch update failed for refs/heads/release/1" in refused.stderr
    assert "Changes must be made through a pull request." in refused.stderr
    assert "remote rejected" in refused.stderr
    assert push(git, clone, "feature/issue-1").returncode == 0


def test_a_push_moves_the_head_of_an_open_pull_request(hub, api, git, clone):
    push(git, clone, "feature/issue-1")
    api.ask("POST", "/pulls", json={"title": "a", "head": "feature/issue-1", "base": "main"})
    before = hub.issue("acme/calc", 1).pull.head_sha
    push(git, clone, "feature/issue-1", "y")
    assert hub.issue("acme/calc", 1).pull.head_sha != before


def test_a_push_whose_answer_is_lost_has_arrived(hub, git, clone):
    hub.faults.append(Fault("drop_after", path="/git-receive-pack$", method="POST"))
    assert push(git, clone, "feature/issue-1").returncode != 0
    assert hub.repository("acme/calc").bare.resolve("feature/issue-1")
