"""check_github: `doctor --tag github`, the check of tokens and projects on GitHub by itself."""

from __future__ import annotations

from typing import ClassVar

from automation.management.commands import doctor


class Command(doctor.Command):
    help = "Check GitHub tokens: valid, scopes, end, requests left; and what GitHub said of each project."
    tags: ClassVar[tuple[str, ...]] = ("github",)
