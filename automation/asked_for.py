"""An issue that a person asks for by its number: as it is known here, else from GitHub, whatever the filter says."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from issues.intake import take_in_anyway
from issues.models import IssueSession
from issues.sync import identify
from projects.connection import connected
from projects.errors import OperatorError
from projects.github.errors import Gone, Moved, NotFound
from projects.github.payloads import Issue
from projects.models import Project


def known_or_fetched(project: Project, number: int) -> IssueSession:
    """Raises what GitHub's client raises, and OperatorError for what is no open issue of this repository."""
    known: IssueSession | None = _known(project, number)
    if known is not None:
        return known
    issue = _fetch(project, number)
    try:
        with transaction.atomic():
            return take_in_anyway(project, issue)
    except IntegrityError:  # a sync has just taken it in
        found = _known(project, number)
        if found is None:
            raise
        return found


def _known(project: Project, number: int) -> IssueSession | None:
    return project.sessions.filter(github_issue_number=number).select_related("project").first()


def _fetch(project: Project, number: int) -> Issue:
    name = f"{project.github_repo}#{number}"
    with connected(project) as client:
        identify(project, client)
        try:
            issue = client.get_issue(project.github_repo, number)
        except (Gone, Moved, NotFound) as error:
            raise OperatorError(
                "issue.unknown", f"GitHub has no issue {name}.", "Correct the number."
            ) from error
    if issue.is_pull_request:
        raise OperatorError("issue.is_pull_request", f"{name} is a pull request.", "Name an issue.")
    if issue.state != "open":
        raise OperatorError("issue.closed", f"{name} is closed.", "Reopen it on GitHub first.")
    return issue
