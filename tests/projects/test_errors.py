"""What an error says: its message, then what helps, each a sentence."""

from __future__ import annotations

import pytest

from projects.errors import AutowrkersError


@pytest.mark.parametrize(
    ("message", "remedy", "said"),
    [
        ("Bad credentials", "Store a valid token.", "Bad credentials. Store a valid token."),
        ("It is full.", "Make room.", "It is full. Make room."),
        ("Is it there?", "Look.", "Is it there? Look."),
        ("3 failed in 6.41s\n", "Retry.", "3 failed in 6.41s. Retry."),
        ("Bad credentials", "", "Bad credentials"),
    ],
)
def test_message_and_remedy_do_not_run_together(message, remedy, said):
    assert str(AutowrkersError("code", message, remedy)) == said
