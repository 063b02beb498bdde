"""Errors that only say that some disk of ours is full, and what people are told then."""

from __future__ import annotations

import errno

from django.db import DatabaseError

FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_DATABASE = ("disk is full", "No space left on device")  # SQLite's words and PostgreSQL's
DISK = "disk"


def what_is_full(error: BaseException) -> str:
    """A sentence; empty for an error about anything else."""
    if isinstance(error, OSError) and error.errno in FULL:
        return (
            f"There is no space left for {error.filename}." if error.filename else "There is no space left."
        )
    if isinstance(error, DatabaseError) and any(words in str(error) for words in FULL_DATABASE):
        return "There is no space left for the database."
    return ""
