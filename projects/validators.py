"""Is what a person typed a repository, a branch, an issue filter, a list of labels or checks? Else says what to write."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError

# Owners may hold an underscore only where an enterprise manages its users (`name_company`).
REPO = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
BRANCH_REFUSED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|@\{|//|/\.|\.lock(?:/|\Z)")
BRANCH_LONGEST_BYTES = 240
FILTER_KEYS = ("labels", "exclude_labels", "assignees", "milestones")


def is_repo(value: str) -> bool:
    return REPO.fullmatch(value) is not None and not value.lower().endswith(".git")


def validate_repo(value: str) -> None:
    if not is_repo(value):
        raise ValidationError(
            "Write the repository as owner/name, for example octocat/hello-world: no URL, no .git at the end.",
            code="invalid_repo",
        )


def validate_branch(value: str) -> None:
    """Git's own rules (https://git-scm.com/docs/git-check-ref-format), and nothing that looks like an option."""
    allowed = (
        value not in ("", "@", "HEAD")
        and not value.startswith(("-", "/", "."))
        and not value.endswith(("/", "."))
        and BRANCH_REFUSED.search(value) is None
    )
    if not allowed:
        raise ValidationError(
            "This is not a branch name that git allows: write it as GitHub shows it, for example main or "
            "release/1.0, without spaces and without any of ~ ^ : ? * [ \\ .. @{ //.",
            code="invalid_branch",
        )
    if len(value.encode()) > BRANCH_LONGEST_BYTES:
        raise ValidationError(
            f"A branch name may have at most {BRANCH_LONGEST_BYTES} bytes.", code="branch_too_long"
        )


def validate_issue_filter(value: object) -> None:
    """A filter is `{labels, exclude_labels, assignees, milestones}`, each a list of names; an empty one takes all."""
    if not isinstance(value, dict):
        raise ValidationError(
            'An issue filter is an object such as {"labels": ["bug"]}.', code="invalid_filter"
        )
    unknown = sorted(str(key) for key in value if key not in FILTER_KEYS)
    if unknown:
        raise ValidationError(
            f"An issue filter does not know {', '.join(unknown)}: it knows {', '.join(FILTER_KEYS)}.",
            code="unknown_filter_key",
        )
    for key, names in value.items():
        if not _is_list_of_names(names):
            raise ValidationError(
                f'"{key}" in an issue filter must be a list of names, for example ["bug"].',
                code="invalid_filter",
            )


def validate_labels(value: object) -> None:
    if not _is_list_of_names(value):
        raise ValidationError(
            'Write a list of labels, for example ["wontfix", "question"].', code="invalid_labels"
        )


def validate_custom_checks(value: object) -> None:
    """Checks of the project's own: a list of `{name, command}`, each name once, since results are told by it."""
    checks = value if isinstance(value, list) else [None]
    if not all(isinstance(check, dict) and set(check) == {"name", "command"} for check in checks) or not all(
        isinstance(text, str) and text.strip() for check in checks for text in check.values()
    ):
        raise ValidationError(
            'Write a list of checks, each with a name and a command: [{"name": "licences", "command": "make licences"}].',
            code="invalid_checks",
        )
    names = [check["name"] for check in checks]
    if len(set(names)) < len(names):
        raise ValidationError("Each custom check needs a name of its own.", code="repeated_check")


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name.strip() for name in value)
