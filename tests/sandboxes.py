"""Sandboxes that a test cannot do without: where one does not work, the test skips and says so; in CI it fails."""

from __future__ import annotations

import os

import pytest

from projects.errors import OperatorError
from projects.workspace.sandbox import Sandbox, detect


def require_sandbox(mode: str) -> Sandbox:
    try:
        return detect(mode)
    except OperatorError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
