"""What somebody else does between the moment when sessions are read and the moment when they are changed."""

from __future__ import annotations

from contextlib import contextmanager

from django.db import connection


@contextmanager
def between_reading_and_changing(act):
    """Run `act` once, when the sessions to change have been read and nothing else has been asked of their table."""
    listed, acted = [], []

    def watch(execute, sql, *args):
        if listed and not acted and "issues_issuesession" in sql:
            acted.append(act)
            act()
        listed.extend([sql] * ('ORDER BY "issues_issuesession"."github_issue_number"' in sql))
        return execute(sql, *args)

    with connection.execute_wrapper(watch):
        yield
    assert acted
