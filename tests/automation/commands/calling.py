"""Calls a management command as its user does, and keeps what it said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        """The one object of --json."""
        return json.loads(self.out)

    @property
    def data(self) -> dict[str, Any]:
        return self.answer["data"]


def run_command(name: str, *arguments: object) -> Ran:
    out, err = StringIO(), StringIO()
    code = 0
    try:
        call_command(name, *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        code = error.returncode
        err.write(str(error))
    return Ran(code, out.getvalue(), err.getvalue())
