"""create_token USER: an API token, whose text is printed once and kept nowhere."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.utils import timezone

from automation.console import Answer, ConsoleCommand, actor, find_project
from issues.sanitize import clean_line
from projects.access import create_token
from projects.errors import AutowrkersError
from projects.models import Scope


def days(text: str) -> int:
    if not text.isdecimal() or not 0 < len(text) < 6 or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number of days such as 90")
    return int(text)


class Command(ConsoleCommand):
    help = "Create an API token for a user. It never allows more than the user's roles do."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", help="The user's name.")
        parser.add_argument("--scope", choices=Scope.values, default=Scope.READ.value)
        parser.add_argument("--name", default="", help="What the token is for.")
        parser.add_argument(
            "--project",
            action="append",
            default=[],
            metavar="PROJECT",
            help="Only this project, by number or name; may be given several times.",
        )
        parser.add_argument("--days", type=days, help="Days until it expires; without it, never.")

    def act(self, **options: Any) -> Answer:
        name = clean_line(options["user"])
        user = get_user_model().objects.filter(username=name, is_active=True).first()
        if user is None:
            remedy = "Create one with `python manage.py createsuperuser`, or on the admin's user page."
            raise AutowrkersError("user.unknown", f"There is no active user {name!r}.", remedy)
        projects = [find_project(reference) for reference in options["project"]]
        expires_at = timezone.now() + timedelta(days=options["days"]) if options["days"] else None
        try:
            token, plain = create_token(
                user,
                scope=options["scope"],
                name=options["name"],
                expires_at=expires_at,
                projects=projects,
                actor=actor(),
            )
        except ValidationError as error:
            message = " ".join(error.messages)
            raise AutowrkersError(
                "token.invalid", message, "Change its name or scope, or revoke a token that nobody uses."
            ) from error
        self.say(f"A token of {name} with scope {token.scope}. It is shown only now:")
        shown = {"id": token.pk, "user": name, "scope": token.scope, "expires_at": expires_at}
        shown |= {"projects": sorted(project.pk for project in projects)} if projects else {}
        return Answer(shown | {"token": plain}, [plain])
