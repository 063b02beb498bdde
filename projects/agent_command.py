"""What the template of the command agent may hold. It is split into words as a shell would; no shell runs it."""

from __future__ import annotations

import re
import shlex

from projects.errors import OperatorError

PLACEHOLDER = re.compile(r"\{(\w+)\}")
KNOWN = ("prompt_file", "work_dir", "model")


def split_template(template: str) -> list[str]:
    """The template's words, not yet filled in. Raises OperatorError `agent.bad_template`."""
    try:
        words = shlex.split(template)
    except ValueError as error:
        raise _bad_template(f"The agent's command cannot be read: {error}.") from error
    if not words:
        raise _bad_template("The agent's command is empty.")
    unknown = {name for word in words for name in PLACEHOLDER.findall(word)} - set(KNOWN)
    if unknown:
        raise _bad_template(f"The agent's command has unknown placeholders: {', '.join(sorted(unknown))}.")
    return words


def _bad_template(message: str) -> OperatorError:
    known = ", ".join(f"{{{name}}}" for name in KNOWN)
    return OperatorError("agent.bad_template", message, f"Correct it. The known placeholders are {known}.")
