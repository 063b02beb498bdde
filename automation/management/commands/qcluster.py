"""qcluster: django-q2's cluster, which at SIGTERM or SIGINT hands over what runs instead of waiting for its end."""

from __future__ import annotations

import logging
import os
from types import FrameType
from typing import Any

from django.conf import settings
from django_q.cluster import Cluster
from django_q.management.commands.qcluster import Command as StockCommand

from automation import clusters, draining, hosts
from projects.workspace import trees

logger = logging.getLogger(__name__)
KILL_SECONDS = 5.0


class HandingOver(Cluster):  # type: ignore[misc]
    """The first signal lets running agents work for AUTOWRKERS_DRAIN_MINUTES more, a second one does not."""

    sentinel: Any
    start_event: Any
    stop_event: Any

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        if draining.has_begun():
            draining.begin(0)
            return
        draining.begin(settings.AUTOWRKERS_DRAIN_MINUTES * 60)
        super().sig_handler(signum, frame)

    def stop(self) -> bool:
        """Stock `stop` waits without bound, for ever where a killed worker has kept the lock of the queue."""
        if not self.sentinel.is_alive():
            return False
        self.stop_event.set()
        while self.sentinel.is_alive() and not draining.is_over():
            self.sentinel.join(0.1)
        if self.sentinel.is_alive():
            logger.error("outcome=cluster_killed Its workers did not end in time; leases end by themselves.")
            trees.end_all(self.sentinel.pid, timeout=KILL_SECONDS)
            self.sentinel.join(KILL_SECONDS)
        self.start_event = self.stop_event = None
        return True


class Command(StockCommand):  # type: ignore[misc]
    def handle(self, *args: Any, **options: Any) -> None:
        if name := options.get("cluster_name"):
            os.environ["Q_CLUSTER_NAME"] = name
        cluster = HandingOver()
        if options.get("run_once"):
            cluster.start()
            draining.begin(0)
            cluster.stop()
            return
        is_of_sessions = os.environ.get("Q_CLUSTER_NAME") == hosts.SESSIONS
        clusters.start(cluster, hosts.SESSIONS if is_of_sessions else hosts.QUEUE)
