"""The one place that turns templates into text: prompts, pull requests, mail. Pages have Django's own templates."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "text"


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Sandboxed and strict: a name that a template uses and nobody gave raises jinja2.UndefinedError."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2"]),  # Markdown and plain text are escaped where they are made
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template_name: str, **values: object) -> str:
    """The text of `templates/text/<template_name>` with `values`."""
    return environment().get_template(template_name).render(values)
