from __future__ import annotations

import pytest

from projects import redaction
from projects.errors import OperatorError, Retryable
from projects.workspace.diagnosis import explain, timed_out, verb

SAID = {
    "git.auth": [
        "fatal: Authentication failed for 'https://github.com/o/r.git/'",
        "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
        "fatal: unable to access 'https://github.com/o/r.git/': The requested URL returned error: 403",
        "remote: Permission to o/r.git denied to somebody.\nfatal: unable to access '…': returned error: 403",
        "remote: Write access to repository not granted.",
    ],
    "git.not_found": [
        "remote: Repository not found.\nfatal: repository 'https://github.com/o/r.git/' not found",
        "fatal: unable to access '…': The requested URL returned error: 301",
        "fatal: couldn't find remote ref refs/heads/x",
    ],
    "git.network": [
        "fatal: unable to access '…': Could not resolve host: github.com",
        "fatal: unable to access '…': Failed to connect to github.com port 443 after 1 ms: Couldn't connect to server",
        "fatal: unable to access '…': The requested URL returned error: 502",
        "fatal: unable to access '…': The requested URL returned error: 429",
        "error: RPC failed; curl 56 GnuTLS recv error (-9)\nfatal: early EOF",
        "fatal: the remote end hung up unexpectedly",
        "fatal: unable to access '…': SSL certificate problem: unable to get local issuer certificate",
        "fatal: unable to access '…': Operation too slow. Less than 1 bytes/sec transferred the last 60 seconds",
    ],
    "git.branch_behind": [
        " ! [rejected]        abc -> feature/issue-1 (stale info)\nerror: failed to push some refs to 'https://…'",
        " ! [rejected]        abc -> feature/issue-1 (fetch first)\nerror: failed to push some refs",
        " ! [rejected]        abc -> feature/issue-1 (non-fast-forward)",
        " ! [remote rejected] abc -> x (cannot lock ref 'refs/heads/x': is at 1 but expected 2)",
    ],
    "git.rejected": [
        " ! [remote rejected] abc -> x (pre-receive hook declined)\nerror: failed to push some refs",
        "remote: error: GH006: Protected branch update failed for refs/heads/main.",
        "remote: error: GH013: Repository rule violations found",
        " ! [remote rejected] a -> b (refusing to allow a Personal Access Token to create or update workflow"
        " `.github/workflows/ci.yml` without `workflow` scope)",
        "remote: error: File big is 101.00 MB; this exceeds GitHub's file size limit of 100.00 MB",
    ],
    "git.disk": [
        "fatal: write error: No space left on device",
        "error: RPC failed\nfatal: sha1 file '…' write error. Disk quota exceeded",
        "fatal: cannot update ref 'refs/x/1': couldn't write '/m/calc.git/refs/x/1.lock'",
        "error: failed to write new configuration file /c/1-2/.git/config.lock",
    ],
    "git.locked": [
        "fatal: Unable to create '/m/packed-refs.lock': File exists.\nAnother git process seems to be running"
    ],
    "git.corrupt": [
        "fatal: not a git repository: '/m'",
        "error: object file objects/ab/cd is empty\nfatal: loose object abcd is corrupt",
        "fatal: bad object HEAD",
        "error: refs/heads/main does not point to a valid object!",
        "fatal: bad config line 1 in file /m/config",
        "fatal: unable to read tree abcd",
    ],
    "git.unknown": ["fatal: something new", ""],
}


@pytest.mark.parametrize(("code", "words"), [(code, words) for code in SAID for words in SAID[code]])
def test_the_words_of_git_have_a_code_and_a_remedy(code, words):
    error = explain(["push", "--quiet"], 128, words)
    assert error.code == code
    assert error.remedy
    assert "git push" in error.message


def test_what_passes_by_itself_is_told_from_what_a_person_must_change():
    waits = {code for code, said in SAID.items() if isinstance(explain([], 1, said[0]), Retryable)}
    asks = {code for code, said in SAID.items() if isinstance(explain([], 1, said[0]), OperatorError)}
    assert waits == {"git.network", "git.locked", "git.disk"}
    assert asks == {"git.auth", "git.not_found", "git.branch_behind", "git.rejected"}
    assert isinstance(timed_out(["fetch"], 600), Retryable)


def test_secrets_and_floods_are_kept_out_of_the_message():
    redaction.register("a-very-secret-token")
    message = explain(["fetch"], 1, "x" * 100_000 + " a-very-secret-token").message
    assert "a-very-secret-token" not in message
    assert len(message) < 3000


def test_a_signal_is_named():
    assert "signal 9" in explain(["fetch"], -9, "").message


def test_the_command_is_found_behind_its_options():
    assert verb(["-c", "fetch.fsckObjects=true", "--quiet", "fetch", "x"]) == "fetch"
