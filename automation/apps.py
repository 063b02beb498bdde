"""The automation application: doing it."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class AutomationConfig(AppConfig):
    name = "automation"

    def ready(self) -> None:
        from automation.queue import enqueue_tend  # noqa: PLC0415 - models are loaded only now
        from projects.signals import work_requested

        def wake(sender: object, *, project_pk: int, **_: Any) -> None:
            enqueue_tend(project_pk)

        work_requested.connect(wake, weak=False, dispatch_uid="automation.wake")
