"""Whose text may begin work unasked, and whether what a person approved is what an agent would get now.

Anybody can open an issue on a public repository, so a stranger's waits for a person. GitHub's word of the author's
relation to the repository is a hint: it tells strangers apart for nothing, and who is none is asked for when an issue
would start by itself (`automation/authors.py`).
"""

from __future__ import annotations

import hashlib
from enum import Enum

from django.db.models import Q

from issues.models import IssueSession
from issues.models.session import SYSTEM
from projects.models import Project

UNTRUSTED, EDITED = "untrusted_author", "edited_after_approval"
OWNER = "OWNER"
# May write, or only read: GitHub has to be asked. A row from before GitHub's word was stored has none.
HINTS = ("MEMBER", "COLLABORATOR", "")
APPROVE = "Read the issue, then start it to approve what it says now, or skip it."
IN_WORDS = {
    OWNER: "owner of the repository",
    "MEMBER": "member of the organisation",
    "COLLABORATOR": "collaborator",
    "CONTRIBUTOR": "has contributed before",
    "FIRST_TIME_CONTRIBUTOR": "contributes for the first time",
    "FIRST_TIMER": "new to GitHub",
    "MANNEQUIN": "imported account",
    "NONE": "no part of the repository",
}


class Trust(Enum):
    """UNKNOWN: GitHub has to be asked whether the author may write."""

    TRUSTED = "trusted"
    UNKNOWN = "unknown"
    STRANGER = "stranger"


def trust_in(session: IssueSession, project: Project) -> Trust:
    """How far the issue's author is trusted, by what is known without asking."""
    trusted = {login.casefold() for login in project.trusted_authors}
    if session.issue_author_association == OWNER or session.issue_author.casefold() in trusted:
        return Trust.TRUSTED
    return Trust.UNKNOWN if session.issue_author_association in HINTS else Trust.STRANGER


def by_strangers(project: Project) -> Q:
    """`trust_in` as a condition: the sessions of strangers."""
    known = Q(issue_author_association__in=[OWNER, *HINTS])
    for login in project.trusted_authors:
        known |= Q(issue_author__iexact=login)
    return ~known


def fingerprint(session: IssueSession) -> str:
    """Of the words that an agent would get, as they are stored: the cleaned title and description."""
    text = f"{session.github_issue_title}\0{session.github_issue_body}"
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def is_approved(session: IssueSession) -> bool:
    """A person has started it with the very words that it has now."""
    return session.approved_text == fingerprint(session)


def held_because(session: IssueSession, project: Project) -> tuple[str, str] | None:
    """Reason and sentence, when no agent may get the issue's words now; None when one may.

    What a person started before approvals were kept goes on.
    """
    found = trust_in(session, project)
    if found is Trust.TRUSTED or is_approved(session):
        return None
    if session.approved_text:
        author = f"{_name(session)}, who opened it, is not known to write to the repository."
        return EDITED, f"The issue's text was changed after it was started. {author} {APPROVE}"
    is_unasked = found is Trust.STRANGER and session.queued_by == SYSTEM
    return (UNTRUSTED, stranger(session)) if is_unasked else None


def stranger(session: IssueSession) -> str:
    """Why it does not start by itself."""
    return f"{_name(session)}, who opened the issue, may not write to the repository. {APPROVE}"


def unreadable(session: IssueSession) -> str:
    return (
        f"GitHub does not tell the token whether {_name(session)}, who opened the issue, may write. {APPROVE}"
    )


def _name(session: IssueSession) -> str:
    return session.issue_author or "Somebody whose account is gone"
