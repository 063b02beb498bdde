"""What an agent may plant in its clone so that our own git runs it: none of it runs on our side."""

from __future__ import annotations

import pytest

from projects.errors import OperatorError
from projects.workspace import checkouts, folders, leftovers
from projects.workspace.git import Remote
from projects.workspace.mirror import Mirror
from tests.projects.workspace.conftest import TOKEN, work
from tests.projects.workspace.git_server import commit, git
from tests.sandboxes import require_sandbox

HOOKS = (
    *("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-index-change", "post-checkout"),
    *(
        "reference-transaction",
        "pre-push",
        "pre-receive",
        "update",
        "post-receive",
        "post-update",
        "pre-auto-gc",
    ),
    *("post-merge", "post-rewrite", "pre-rebase", "push-to-checkout", "fsmonitor-watchman", "proc-receive"),
)
COMMANDS = (
    *("core.fsmonitor", "core.sshCommand", "core.gitProxy", "core.pager", "core.editor", "core.askPass"),
    *("core.alternateRefsCommand", "uploadpack.packObjectsHook", "sequence.editor", "credential.helper"),
    *("gpg.program", "gpg.ssh.program", "diff.external", "interactive.diffFilter", "trailer.sign.command"),
    *(
        "filter.trap.clean",
        "filter.trap.smudge",
        "filter.trap.process",
        "diff.trap.textconv",
        "diff.trap.command",
    ),
    *(
        "merge.trap.driver",
        "remote.origin.uploadpack",
        "remote.origin.receivepack",
        "pager.log",
        "pager.fetch",
    ),
    *("alias.fetch", "alias.upload-pack", "alias.push", "alias.status", "alias.commit"),
)


@pytest.fixture
def traps(clone, tmp_path):
    """A clone with every trap planted; each leaves its name in a folder of the host when it runs."""
    sprung = tmp_path / "sprung"
    sprung.mkdir()
    program = tmp_path / "trap"
    program.write_text(f'#!/bin/sh\ntouch "{sprung}/$(basename "$0")-$1"\nexec cat\n')
    program.chmod(0o755)
    work(clone, {".gitattributes": "* filter=trap diff=trap merge=trap\n", "fix": "1\n"})
    hooks = clone / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in HOOKS:
        (hooks / name).symlink_to(program)
    for key in COMMANDS:
        git(clone, "config", key, f"{'!' if key.startswith('alias') else ''}{program} {key}")
    for key, value in {
        "commit.gpgSign": "true",
        "core.hooksPath": str(hooks),
        "diff.trap.cachetextconv": "true",
    }.items():
        git(clone, "config", key, value)
    git(clone, "config", f"url.file://{clone}.insteadOf", "http://")
    git(clone, "config", "include.path", str(tmp_path / "more"))
    return sprung


def test_the_traps_do_spring_when_git_is_run_carelessly(traps, clone):
    (clone / "fix").write_text("2\n")
    git(clone, "status")
    assert list(traps.iterdir())


# In no sandbox at all, since inside one they may run: what springs there touches nothing of ours.
@pytest.mark.parametrize("mode", ["none", "namespace", "bubblewrap"])
def test_importing_checking_out_and_pushing_spring_none(traps, mirror, clone, base, mode):
    before = set(traps.iterdir())
    head = mirror.import_head(clone, session_id=7, base_sha=base, sandbox=require_sandbox(mode))
    with checkouts.checkout(mirror, head, folders.check_path(7, 1)) as path:
        assert (path / "fix").read_text() == "1\n"
    mirror.push(head, "feature/issue-3", expected=None)
    with mirror.history() as history:
        history.changed_files(base, head)
        history.read_file(head, "fix", max_bytes=100)
    mirror.fetch()
    assert set(traps.iterdir()) == before


def test_committing_leftovers_springs_none_outside_the_sandbox(traps, mirror, clone, home, base):
    (clone / "left").write_text("over\n")
    walls = require_sandbox("bubblewrap")
    binds = checkouts.agent_binds(mirror, clone, home)
    before = set(traps.iterdir())
    with pytest.raises(OperatorError) as caught:
        leftovers.commit_leftovers(clone, sandbox=walls, binds=binds, message="Keep")
    assert caught.value.code == "git.clone_broken", "a filter that cannot run inside breaks the clone"
    assert set(traps.iterdir()) == before
    git(clone, "config", "--remove-section", "filter.trap")
    before = set(traps.iterdir())
    assert leftovers.commit_leftovers(clone, sandbox=walls, binds=binds, message="Keep")
    head = mirror.import_head(clone, session_id=7, base_sha=base, sandbox=walls)
    with mirror.history() as history:
        assert "left" in history.changed_files(base, head)
    assert set(traps.iterdir()) == before


@pytest.fixture
def secret(server, settings):
    """Another project's mirror on this host, and the SHA of a secret file and of a commit in it."""
    other = server.create("owner/other")
    sha = commit(other, {"secret": "canary\n"})
    root = settings.AUTOWRKERS_WORKSPACE_ROOT / "mirrors" / "2"
    neighbour = Mirror(root, Remote(f"{server.url}/owner/other.git", TOKEN))
    neighbour.fetch()
    return root, git(root, "rev-parse", f"{sha}:secret"), sha


def in_mirror(mirror, sha):
    """Whether the mirror itself has the object."""
    return sha in git(mirror.path, "cat-file", "--batch-all-objects", "--batch-check")


def steal(clone, root, how):
    objects = clone / ".git" / "objects"
    if how == "alternates":
        (objects / "info" / "alternates").write_text(f"{root / 'objects'}\n{objects}\n")
    elif how == "link":
        objects.rename(clone / "former")
        objects.symlink_to(root / "objects")
    else:
        (clone / ".git").rename(clone / "former")
        (clone / ".git").write_text(f"gitdir: {root}\n")


@pytest.mark.parametrize("how", ["alternates", "link", "gitfile"])
def test_another_projects_objects_are_not_readable_through_the_import(mirror, clone, base, secret, how):
    root, blob, sha = secret
    steal(clone, root, how)
    if how != "gitfile":
        (clone / ".git" / "HEAD").write_text(f"{sha}\n")
    with pytest.raises(OperatorError) as caught:
        mirror.import_head(clone, session_id=7, base_sha=base, sandbox=require_sandbox("bubblewrap"))
    assert caught.value.code == "git.clone_broken"
    assert not in_mirror(mirror, blob)


def test_a_foreign_object_in_a_commit_that_builds_on_the_base_is_not_readable_either(
    mirror, clone, base, secret
):
    root, blob, _ = secret
    alternates = clone / ".git" / "objects" / "info" / "alternates"
    alternates.write_text(alternates.read_text() + f"{root / 'objects'}\n")
    git(clone, "update-index", "--add", "--cacheinfo", f"100644,{blob},stolen")
    git(clone, "commit", "--quiet", "--message", "Innocent")
    with pytest.raises(OperatorError) as caught:
        mirror.import_head(clone, session_id=7, base_sha=base, sandbox=require_sandbox("bubblewrap"))
    assert caught.value.code == "git.clone_broken"
    assert not in_mirror(mirror, blob)
