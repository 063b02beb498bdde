"""The one place that turns templates into plain text: prompts, pull requests, messages. Never HTML pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "text"


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Sandboxed and strict: a name that a template uses and nobody gave raises jinja2.UndefinedError."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  the results are Markdown and plain text, escaped where they are made
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template_name: str, **values: object) -> str:
    """The text of `templates/text/<template_name>` with `values`."""
    return environment().get_template(template_name).render(values)
