"""What a secret is looked for in: all that commits add and say, whatever its length and wherever it is."""

from __future__ import annotations

import pytest

from projects import redaction
from projects.redaction import Search
from projects.workspace import additions
from tests.projects.workspace.git_server import commit, git

SECRET = "sk-live-" + "q7Z" * 12
KEY = "-----BEGIN PRIVATE KEY-----\n+MIIEvQ/IBADANBgkqh\nkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"
FILLING = "0123456789\n" * 100_000


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setattr(redaction, "_known", redaction._Known())
    for secret in (SECRET, KEY):
        redaction.register(secret)


@pytest.fixture
def work(bare):
    return bare.parent / "repo.git-work"


def is_found(mirror, base):
    mirror.fetch()
    search = Search()
    additions.read(mirror.git, f"{base}..refs/heads/main", search.add)
    return search.has_found


@pytest.mark.parametrize(
    "files",
    [
        {"conf": SECRET},
        {"conf": f"x = '{SECRET}'"},
        {"key.pem": f"{KEY}\n"},
        {"-conf": f"-{SECRET}"},
        {"bin": f"\0\0{SECRET}\0"},
        {"min.js": "x" * 3_000_000 + SECRET + "x" * 3_000_000},
        {SECRET: "its name"},
        {".gitattributes": "* -diff binary\n", "conf": SECRET},
    ],
    ids=["line", "within", "key", "dash", "binary", "long", "name", "attributes"],
)
def test_a_secret_is_found_wherever_a_commit_adds_it(mirror, base, bare, files):
    commit(bare, files)
    assert is_found(mirror, base)


@pytest.mark.parametrize("message", [f"Fix {SECRET}", f"Fix\n\n- {SECRET}", f"Fix\n\n{KEY}"])
def test_a_secret_is_found_in_what_a_commit_says(mirror, base, bare, message):
    commit(bare, {"new": "x\n"}, message=message)
    assert is_found(mirror, base)


def test_a_secret_is_found_in_the_middle_of_a_patch_that_is_too_long_to_keep(mirror, base, bare, monkeypatch):
    monkeypatch.setattr("projects.workspace.git.OUTPUT_BYTES", 1_000_000)
    commit(bare, {"a": FILLING, "b": SECRET, "c": FILLING})
    assert is_found(mirror, base)


@pytest.mark.parametrize("added", [SECRET, KEY])
def test_a_secret_is_found_that_a_merge_adds_by_itself(mirror, base, bare, work, added):
    side = commit(bare, {"side": "s\n"}, branch="side")
    git(work, "checkout", "--quiet", "--detach", base)
    (work / "main").write_text("m\n")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Ours")
    git(work, "merge", "--quiet", "--no-commit", "--no-ff", side)
    (work / "conf").write_text(f"{added}\n")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Merge")
    git(work, "push", "--quiet", "origin", "HEAD:refs/heads/main")
    assert is_found(mirror, base)


def test_what_a_commit_takes_away_or_leaves_is_not_added(mirror, bare, base):
    long = "x" * 3_000_000
    commit(bare, {"conf": f"{SECRET}\nold\n", "min.js": f"{long}{SECRET}{long}"})
    mirror.fetch()
    held = mirror.git.run("rev-parse", "refs/heads/main").strip()
    commit(bare, {"conf": f"{SECRET}\nnew\n"})
    assert not is_found(mirror, held)
    commit(bare, {"conf": "new\n", "min.js": ""})
    assert not is_found(mirror, held)


def test_a_secret_is_found_that_comes_in_two_pieces():
    for cut in range(len(SECRET) + 1):
        search = Search()
        for piece in ("before ", SECRET[:cut], SECRET[cut:], " behind"):
            search.add(piece)
        assert search.has_found
