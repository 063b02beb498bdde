"""The web process: what it changes of the settings that all processes share."""

from __future__ import annotations

import subprocess
import sys

ASK = """
import config.wsgi
from django.db import connection
print(connection.settings_dict["CONN_MAX_AGE"], connection.settings_dict["CONN_HEALTH_CHECKS"])
"""


def test_a_request_finds_the_connection_of_the_one_before_and_a_dead_one_is_replaced():
    said = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["60", "True"]
