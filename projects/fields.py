"""The encrypted column. It refuses what the library would silently corrupt."""

from __future__ import annotations

from typing import Any

from fernet_fields import EncryptedTextField


class SecretField(EncryptedTextField):  # type: ignore[misc]  # the library has no types
    """Text encrypted with the first of FERNET_KEYS, readable with any of them.

    `bulk_update()` and `Value()` hand the library an SQL expression, whose *text* it would encrypt in place of
    the secret; so an expression is an error here.
    """

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if hasattr(value, "as_sql"):
            raise TypeError(
                "A secret is saved as plain text by save(), never by an expression or bulk_update()."
            )
        return super().get_db_prep_save(value, connection)

    def value_to_string(self, obj: Any) -> str:
        """What `dumpdata` writes: nothing. A secret leaves the database only to be used."""
        return ""
