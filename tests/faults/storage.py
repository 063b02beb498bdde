"""The database as a worker meets it: a boundary around every commit, an outage when the schedule says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from tests.faults.boundaries import HERE, current
from tests.faults.loop import Killed, Worker

if TYPE_CHECKING:
    from tests.faults.schedule import Schedule
    from tests.faults.world import World

WRITES = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) \"(\w+)\"")
CLAIMS = re.compile(r'SET .*"fence" = \(')
ENDINGS = ("ROLLBACK", "RELEASE", "SAVEPOINT")
AWAY = "the database is away"
OURS = ("projects_", "issues_", "verification_", "automation_")


class Storage:
    """Stands between the product and its database, on each worker's connection and on the scheduler's."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.watched = False  # the scheduler's own connection: only while it plays a heartbeat

    def reset(self, schedule: Schedule) -> None:
        """Begin with empty tables whose rows are numbered from 1, so that a schedule meets what it met before."""
        _empty()
        cache.clear()
        self.commits = 0
        self.away_until = -1.0
        self.failing_commits = dict(schedule.failing_commits)

    def open(self, worker: Worker | None) -> None:
        """Called once in each thread."""
        HERE.worker = worker
        database = connections[DEFAULT_DB_ALIAS]
        database.execute_wrappers.append(self._execute)
        if worker is not None:
            commit = database.commit
            database.commit = lambda: self._commit(database, commit)
            database.written = ""

    def back_at(self) -> float:
        """When it answers (again), of the outages that have begun."""
        now = self.world.loop.now
        full = [
            each.until for each in self.world.schedule.full if each.what == "database" and each.since <= now
        ]
        return max([self.away_until, *full])

    def close(self) -> None:
        database = connections[DEFAULT_DB_ALIAS]
        database.execute_wrappers.remove(self._execute)

    def _execute(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        worker, database = current(), context["connection"]
        if worker is None:
            if self.watched and (self.world.loop.now < self.away_until or self.world.is_full("database")):
                raise OperationalError(AWAY)
            return execute(sql, params, many, context)
        if worker.job is None:
            return execute(sql, params, many, context)
        if worker.is_dead:
            if sql.startswith(ENDINGS):
                return execute(sql, params, many, context)
            raise Killed
        if self.world.loop.now < self.away_until:
            raise OperationalError(AWAY)
        writes = WRITES.match(sql)
        if writes and self.world.is_full("database"):
            raise OperationalError("database or disk is full")
        if writes is None or database.in_atomic_block:
            database.written = writes[2] if writes else database.written
            return execute(sql, params, many, context)
        verb = "claim" if CLAIMS.search(sql) else writes[1].split()[0].lower()
        label = f"{verb} {writes[2]}"
        self.world.boundaries.come_to(f"before {label}")
        self._fail("before")
        answer = execute(sql, params, many, context)
        self._fail("after")
        self.world.boundaries.come_to(f"after {label}")
        return answer

    def _commit(self, database: Any, commit: Callable[[], None]) -> None:
        worker = current()
        label = f"commit {database.written}"
        if worker is None or worker.job is None or not database.written:
            commit()
            return
        try:
            self.world.boundaries.come_to(f"before {label}")
            self._fail("before")
        except (Killed, OperationalError):
            database.rollback()
            raise
        commit()
        database.written = ""
        self._fail("after")
        self.world.boundaries.come_to(f"after {label}")

    def _fail(self, when: str) -> None:
        """A commit that fails, or one that is done and whose answer is lost."""
        self.commits += when == "before"
        if self.failing_commits.get(self.commits) == when:
            del self.failing_commits[self.commits]
            self.world.tell(f"a commit fails, {when} it is done")
            raise OperationalError("server closed the connection unexpectedly")


def _empty() -> None:
    database = connections[DEFAULT_DB_ALIAS]
    tables = [name for name in database.introspection.django_table_names() if name.startswith(OURS)]
    database.ops.execute_sql_flush(database.ops.sql_flush(no_style(), tables, reset_sequences=True))
