"""The database of an installation with its one project, linked to the stand-in."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command

from automation import schedules
from automation.demo.github import StandIn
from projects.models import Project
from tests.faults.world import COMMIT
from tests.linking import link


def make(hub: StandIn, repo: str, token: str, agent: str, slots: int) -> Project:
    call_command("migrate", interactive=False, verbosity=0)
    schedules.ensure()
    hub.create_repository(repo).bare.git("fast-import", "--quiet", stdin=COMMIT.encode())
    return link(
        hub,
        settings,
        token,
        agent="command",
        agent_command=agent,
        automation_enabled=True,
        auto_start=True,
        max_concurrent=slots,
        verification_command="sh -c 'grep -qs fixed NOTES-*'",
    )
