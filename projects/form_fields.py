"""Form fields for lists that people write as lines instead of JSON."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

LONGEST = 20_000


class LinesField(forms.CharField):
    """A list of names, one per line."""

    def __init__(self, *, label: str, help_text: str = "", rows: int = 3) -> None:
        super().__init__(
            label=label,
            help_text=help_text,
            required=False,
            max_length=LONGEST,
            widget=forms.Textarea(attrs={"rows": rows, "cols": 40}),
        )

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        lines = (line.strip() for line in str(super().to_python(value)).splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def validate(self, value: Any) -> None:
        """Nothing but the length of the text is asked of it here."""

    def run_validators(self, value: Any) -> None:
        super().run_validators("\n".join(map(str, value)))


class ChecksField(forms.CharField):
    """Checks as lines `name: command`. What does not fit into lines is shown, and taken, as JSON."""

    def __init__(self, *, label: str, help_text: str) -> None:
        super().__init__(
            label=label,
            help_text=help_text,
            required=False,
            max_length=LONGEST,
            widget=forms.Textarea(attrs={"rows": 3, "cols": 80, "class": "mono"}),
        )

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        if all(_fits_a_line(check) for check in value):
            return "\n".join(f"{check['name']}: {check['command']}" for check in value)
        return json.dumps(value, indent=2)

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value))
        if text.startswith("["):
            try:
                return json.loads(text)
            except ValueError as error:
                raise ValidationError("This begins like JSON and is none.", code="invalid") from error
        return [_check(line) for line in text.splitlines() if line.strip()]

    def validate(self, value: Any) -> None:
        """The model's own validator looks at the checks."""

    def run_validators(self, value: Any) -> None:
        super().run_validators(json.dumps(value))


def _check(line: str) -> dict[str, str]:
    name, colon, command = line.partition(":")
    if not (colon and name.strip() and command.strip()):
        raise ValidationError(
            f"Write each check as name: command, for example licences: make licences. This is not one: {line[:80]}",
            code="invalid_checks",
        )
    return {"name": name.strip(), "command": command.strip()}


def _fits_a_line(check: Any) -> bool:
    name, command = (
        (str(check.get(key, "")) for key in ("name", "command")) if isinstance(check, dict) else ("", "")
    )
    return (
        bool(name and command) and ":" not in name and "\n" not in name + command and not name.startswith("[")
    )
