"""What git's complaints mean: a table from its words to our codes, each with a sentence on what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from projects.errors import AutowrkersError, OperatorError, Retryable
from projects.redaction import redact

SHOWN_CHARACTERS = 2000


@dataclass(frozen=True)
class _Diagnosis:
    """One kind of failure: the words by which it is known, and what we say and raise."""

    code: str
    kind: type[AutowrkersError]
    words: str
    sentence: str
    remedy: str


# In this order, since one answer often holds the words of several: what the remote refuses comes with general
# words about the push, and a broken connection leaves words about missing data.
TABLE = (
    _Diagnosis(
        "git.disk",
        Retryable,
        r"no space left on device|disk quota exceeded|not enough space|couldn't write '"
        r"|failed to write new configuration file",
        "The disk is full.",
        "Free space below AUTOWRKERS_WORKSPACE_ROOT.",
    ),
    _Diagnosis(
        "git.branch_behind",
        OperatorError,
        r"\(stale info\)|\(fetch first\)|\(non-fast-forward\)|cannot lock ref .* but expected"
        r"|reference already exists",
        "The branch on the remote is not where we left it: somebody else pushed to it.",
        "Look at their commits. Delete or rename their branch, or go on by hand.",
    ),
    _Diagnosis(
        "git.rejected",
        OperatorError,
        r"remote rejected|hook declined|protected branch|\bGH0\d\d\b|refusing to allow"
        r"|exceeds .* file size limit",
        "The remote refused the push.",
        "Follow its message: a branch rule, a hook, a file too large, a secret, or a token permission.",
    ),
    _Diagnosis(
        "git.auth",
        OperatorError,
        r"authentication failed|could not read (username|password)|terminal prompts disabled"
        r"|returned error: (401|403)|permission to .* denied|write access to repository not granted",
        "The remote did not accept the token.",
        "Give the project a token that may read and write this repository's contents.",
    ),
    _Diagnosis(
        "git.not_found",
        OperatorError,
        r"repository .* not found|returned error: (301|302|307|308|404|410)|couldn't find remote ref",
        "The remote has no such repository or branch, or the token may not see it.",
        "Check the repository's name, whether it was moved or deleted, and what the token may see.",
    ),
    _Diagnosis(
        "git.network",
        Retryable,
        r"could not resolve host|failed to connect|couldn't connect|connection (refused|reset|timed out)"
        r"|operation (timed out|too slow)|returned error: (429|5\d\d)|rpc failed|early eof|remote end hung up"
        r"|unexpected disconnect|ssl|tls|gnutls|empty reply from server|network is unreachable",
        "The remote could not be reached.",
        "It is tried again by itself. If it lasts, check the network and GITHUB_WEB_URL.",
    ),
    _Diagnosis(
        "git.locked",
        Retryable,
        r"unable to create '.*\.lock'|could not lock|another git process",
        "Another git process works in the same place.",
        "It is tried again by itself.",
    ),
    _Diagnosis(
        "git.corrupt",
        AutowrkersError,
        r"not a git repository|is corrupt|corrupted|bad object|bad tree|bad signature|bad config|inflate:"
        r"|missing (blob|tree|commit|object|necessary objects)|did not receive expected object|unable to read"
        r"|does not point to a valid object|object file .* is empty|packed object|could not parse object"
        r"|cannot read existing object|does not match index|unable to parse|reference broken|invalid sha1",
        "The local copy of the repository is damaged.",
        "It is rebuilt from the remote by itself. If it happens again, check the disk.",
    ),
)
UNKNOWN = _Diagnosis(
    "git.unknown",
    AutowrkersError,
    "",
    "git failed in a way that we do not know.",
    "Read its message below.",
)
_COMPILED = [(re.compile(entry.words, re.IGNORECASE), entry) for entry in TABLE]


def explain(args: Sequence[str], returncode: int, stderr: str) -> AutowrkersError:
    """The error to raise for a git command that failed; secrets in its words are masked."""
    text = stderr[-SHOWN_CHARACTERS * 4 :]
    entry = next((entry for pattern, entry in _COMPILED if pattern.search(text)), UNKNOWN)
    words = redact(text)[-SHOWN_CHARACTERS:].strip() or "(it said nothing)"
    how = f"signal {-returncode}" if returncode < 0 else f"code {returncode}"
    return entry.kind(
        entry.code, f"{entry.sentence} git {verb(args)} ended with {how}: {words}", entry.remedy
    )


def timed_out(args: Sequence[str], seconds: float) -> Retryable:
    """The error to raise for a git command that was ended after `seconds`."""
    return Retryable(
        "git.timeout",
        f"git {verb(args)} did not end within {seconds:.0f} s.",
        "It is tried again by itself. If it lasts, check the network and the size of the repository.",
    )


def broken_clone(error: AutowrkersError) -> AutowrkersError:
    """What a failure means that came from an agent's clone: only a full disk is not the clone's own fault.

    Whatever else its git says there are the agent's words, and no reason to try again.
    """
    if error.code == "git.disk":
        return error
    return OperatorError(
        "git.clone_broken",
        f"The agent left a repository that cannot be used. {error.message}",
        "Retry the session: it starts again from a fresh clone.",
    )


def verb(args: Sequence[str]) -> str:
    """Which git command this is."""
    return next((word for word in args if not word.startswith("-") and "=" not in word), "")
