"""A column that holds a list of texts, whatever somebody wrote into the database by hand."""

from __future__ import annotations

from typing import Any

from django.db import models


class TextsField(models.JSONField):
    """A JSON list of strings. Anything else that is stored reads as if it were not there."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        stored = super().from_db_value(value, expression, connection)
        return [text for text in stored if isinstance(text, str)] if isinstance(stored, list) else []

    def deconstruct(self) -> Any:
        """To migrations it is the column that it is stored in."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs
