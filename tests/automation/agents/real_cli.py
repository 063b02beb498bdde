"""Finding the real CLIs: absent, a test skips and says so; in CI it fails."""

from __future__ import annotations

import os
import shutil

import pytest
from django.conf import settings


def require(setting: str) -> str:
    """The command that the setting names, which must be installed."""
    command: str = getattr(settings, setting)
    if shutil.which(command) is None:
        sentence = f"{command!r} is not installed: name it by {setting} to run the tests that drive it."
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return command
