"""Is what a person typed a repository, a branch, an issue filter, labels, checks? Else says what to write."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping

from django.core.exceptions import ValidationError

# Owners may hold an underscore only where an enterprise manages its users (`name_company`).
REPO = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
BRANCH_REFUSED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|@\{|//|/\.|\.lock(?:/|\Z)")
BRANCH_LONGEST_BYTES = 240
LONGEST_TEXT = 20_000
# Controls, and what is drawn as nothing or turns the reading direction: nobody can see what such a text says.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# What the checks of every project are called in reports, prompts and pull requests: another layer's names.
CHECK_NAMES = frozenset(
    {"setup", "lint", "type check", "test", "build", "smoke", "verification", "custom", "guard"}
)
FILTER_KEYS = ("labels", "exclude_labels", "assignees", "milestones")


def is_repo(value: str) -> bool:
    return REPO.fullmatch(value) is not None and not value.lower().endswith(".git")


def validate_repo(value: str) -> None:
    if not is_repo(value):
        raise ValidationError(
            "Write owner/name, for example octocat/hello-world: no URL, no .git at the end.",
            code="invalid_repo",
        )


def validate_branch(value: str) -> None:
    """Git's own rules (https://git-scm.com/docs/git-check-ref-format), and nothing like an option."""
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
    """A filter is an object of the FILTER_KEYS, each a list of names; an empty one takes every issue."""
    if not isinstance(value, dict):
        raise ValidationError('Write an object such as {"labels": ["bug"]}.', code="invalid_filter")
    unknown = sorted(str(key) for key in value if key not in FILTER_KEYS)
    if unknown:
        raise ValidationError(
            f"An issue filter does not know {', '.join(unknown)}: it knows {', '.join(FILTER_KEYS)}.",
            code="unknown_filter_key",
        )
    for key, names in value.items():
        if not _is_list_of_names(names):
            raise ValidationError(
                f'"{key}" must be a list of names, for example ["bug"].', code="invalid_filter"
            )


def validate_labels(value: object) -> None:
    if not _is_list_of_names(value):
        raise ValidationError('Write a list of labels, for example ["wontfix"].', code="invalid_labels")


def validate_logins(value: object) -> None:
    if not _is_list_of_names(value):
        raise ValidationError(
            'Write a list of user names on GitHub, for example ["octocat"].', code="invalid_logins"
        )


def validate_custom_checks(value: object) -> None:
    """Checks of the project's own: a list of `{name, command}`, each name once and none of the built-in ones."""
    if not isinstance(value, list) or not all(_is_check(check) for check in value):
        raise ValidationError(
            'Write a list such as [{"name": "licences", "command": "make licences"}].', code="invalid_checks"
        )
    seen: set[str] = set()
    for check in value:
        name = _said(check["name"])
        if name in CHECK_NAMES:
            raise ValidationError(
                f"A custom check cannot be called {check['name'].strip()!r}: this is the name of a built-in check. "
                "Choose another name.",
                code="reserved_check",
            )
        if name in seen:
            raise ValidationError(
                f"Two custom checks are called {check['name'].strip()!r}. Each needs a name of its own.",
                code="repeated_check",
            )
        seen.add(name)


def check_texts(values: Mapping[str, object]) -> None:
    """Raises ValidationError with a message for each text (or JSON of texts) that is too long or hides something."""
    errors = {name: message for name, value in values.items() if (message := _fault_of(value))}
    if errors:
        raise ValidationError(errors)


def validate_visible(value: str) -> None:
    """For one text, such as a pasted token: refuses what nobody could see in it."""
    fault = _fault_of(value)
    if fault:
        raise ValidationError(fault, code="invisible")


def is_token(value: str) -> bool:
    """Whether it can stand in a request's header as GitHub's tokens do."""
    return value.isascii() and value.isprintable() and " " not in value and bool(value)


def validate_token(value: str) -> None:
    validate_visible(value)
    if not is_token(value):
        raise ValidationError(
            "This cannot be a token: GitHub's have letters, digits and _ alone, without a space.",
            code="invalid_token",
        )


def _fault_of(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > LONGEST_TEXT:
        return f"Write at most {LONGEST_TEXT:,} characters (it has {len(text):,})."
    parts = [text] if isinstance(value, str) else _strings(value)
    found = next((sign for part in parts for sign in part if _is_invisible(sign)), "")
    if not found:
        return ""
    name = unicodedata.name(found, "a control character").lower()
    return f"Remove the invisible character U+{ord(found):04X} ({name}): nobody could see it in this text."


def _is_invisible(sign: str) -> bool:
    return sign not in "\n\r\t" and unicodedata.category(sign) in INVISIBLE


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*map(str, value), *(text for part in value.values() for text in _strings(part))]
    if isinstance(value, list):
        return [text for part in value for text in _strings(part)]
    return [value] if isinstance(value, str) else []


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name.strip() for name in value)


def _said(name: str) -> str:
    """As people read it: `Type-Check` and `type_check` are one name."""
    return " ".join(re.split(r"[\s_-]+", name.strip().casefold()))


def _is_check(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"name", "command"}
        and _is_list_of_names(list(value.values()))
    )
