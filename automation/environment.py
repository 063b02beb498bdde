"""What a step may use: GitHub, git, the sandbox, the agent, and the way to be stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from django.conf import settings

from automation.agents.base import Adapter
from automation.agents.registry import get_adapter
from automation.effects import check_lease
from automation.holding import Holding
from issues.models import IssueSession
from issues.states import Step
from projects.connection import connected, mirror_of
from projects.github.client import GitHubClient
from projects.github.ratelimit import Priority
from projects.leases import Lease
from projects.workspace import folders
from projects.workspace.mirror import Mirror
from projects.workspace.processes import Stop
from projects.workspace.sandbox import Sandbox, detect


@dataclass(frozen=True)
class StepEnvironment:
    github: GitHubClient
    mirror: Mirror
    adapter: Adapter
    stop: Stop
    lease: Lease
    clone: Path
    home: Path
    hear: Callable[[], None]  # to be called for each sign of life of what runs

    @cached_property
    def sandbox(self) -> Sandbox:
        """Tried out when a step first needs it: not all do."""
        return detect(settings.AUTOWRKERS_SANDBOX)


@contextmanager
def environment_for(session: IssueSession, holding: Holding) -> Iterator[StepEnvironment]:
    """Everything for one step of one session. A refused token is remembered on the credential."""
    project = session.project
    priority = Priority.PUBLISH if session.step == Step.PUBLISH else Priority.FOLLOW
    still_ours = partial(check_lease, holding.lease)  # a change may have waited for its turn
    with connected(project, priority=priority) as github, github.guarded(still_ours):
        yield StepEnvironment(
            github=github,
            mirror=mirror_of(project, stop=holding.stop),
            adapter=get_adapter(project.agent),
            stop=holding.stop,
            lease=holding.lease,
            clone=folders.clone_path(session.pk, holding.lease.fence),
            home=folders.home_path(session.pk),
            hear=holding.hear,
        )
