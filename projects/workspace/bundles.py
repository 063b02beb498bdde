"""Imported commits as files beside the transcripts, for a host whose mirror has never seen them.

A bundle is thin: it holds what a session added to its base, which the remote has.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from projects.errors import AutowrkersError, Cancelled, Retryable
from projects.workspace.mirror import Mirror

logger = logging.getLogger(__name__)
OF_THIS_HOST = ("git.disk", "git.locked", "git.timeout")  # they say nothing about the file


def write(mirror: Mirror, path: Path, *, session_id: int, base_sha: str, head_sha: str) -> None:
    """Write the commits from `base_sha` to the session's imported head: whole and verified, or not at all.

    Raises what git raises, and Retryable `workspace.not_written`.
    """
    if head_sha == base_sha:
        return
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mirror.bundle(fresh, session_id=session_id, base_sha=base_sha)
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        fresh.replace(path)
    except OSError as error:
        raise Retryable(
            "workspace.not_written",
            f"The commits of the session could not be kept beside its transcript: {error.strerror}.",
            "Free space below AUTOWRKERS_LOG_ROOT, and let the user of the workers write it.",
        ) from error
    finally:
        with suppress(OSError):
            fresh.unlink()


def read(mirror: Mirror, path: Path, *, session_id: int, head_sha: str) -> bool:
    """Take `head_sha` into the mirror as the session's imported head. False: the file does not give it."""
    if not path.is_file():
        return False
    try:
        mirror.import_bundle(path, session_id=session_id, head_sha=head_sha)
    except AutowrkersError as error:
        if isinstance(error, Cancelled) or error.code in OF_THIS_HOST:
            raise
        logger.warning("session=%s outcome=bundle_refused %s", session_id, error)
        return False
    return mirror.has(head_sha)
