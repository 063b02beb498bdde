"""`python -m tests.faults.collecting FILE...`: the cases of these files that pytest finds, one a line.

Behind those that are switched off it says so.
"""

from __future__ import annotations

import sys

import pytest

SWITCHED_OFF = ("skip", "skipif", "xfail")
OFF = " (switched off)"


class Answer:
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            is_off = any(item.get_closest_marker(name) for name in SWITCHED_OFF)
            print(item.nodeid + OFF * is_off)


if __name__ == "__main__":
    sys.exit(pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider", *sys.argv[1:]], [Answer()]))
