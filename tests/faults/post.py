"""Webhooks on their way: what the stand-in delivers reaches a worker of the web late, twice, or never.

`taken` is the ledger's side: the deliveries that were answered with 2xx, so that GitHub sends them no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.test import RequestFactory

from automation.demo.github.hooks import Delivery, Hook, headers_of
from automation.models import RepositoryHook, WebhookDelivery
from automation.webhooks import receiving
from automation.webhooks.setup import EVENTS
from projects.models import Credential, Project
from tests.faults.loop import Job

if TYPE_CHECKING:
    from tests.faults.world import World

SECRET = "simulated webhook secret"
WAITS = (WebhookDelivery.State.RECEIVED, WebhookDelivery.State.FAILED)


@dataclass
class Letter:
    """What happens to the `number`th delivery: lost, doubled, late (by `seconds`)."""

    number: int
    what: str
    seconds: float = 60.0


class Post:
    """In the place of the stand-in's postman."""

    def __init__(self, world: World, letters: list[Letter]) -> None:
        self.world = world
        self.letters = {letter.number: letter for letter in letters}
        self.count = 0
        self.taken: list[str] = []

    def link(self, project: Project) -> None:
        """What the page Webhook does: both sides know the secret."""
        world = self.world
        repo, api_url = world.hub.repository(project.github_repo), world.hub.api_url
        hook = Hook(world.hub._ledger.next_id(), "", SECRET, list(EVENTS), True, world.loop.moment())
        repo.hooks[hook.id] = hook
        credential = Credential.objects.for_secret(
            kind=Credential.Kind.WEBHOOK, api_url=api_url, secret=SECRET
        )
        Project.objects.filter(pk=project.pk).update(webhook_credential=credential)
        RepositoryHook.objects.create(project=project, hook_id=hook.id)

    def send(self, hook: Hook, delivery: Delivery, write: Callable[[], dict[str, Any]]) -> None:
        hook.deliveries.insert(0, delivery)
        self.count += 1
        letter = self.letters.get(self.count)
        what, seconds = (letter.what, letter.seconds) if letter else ("", 0.0)
        if letter is not None:
            self.world.tell(f"delivery {self.count} ({delivery.event}) is {what}")
        delays = {"lost": (), "late": (seconds,), "doubled": (0.0, seconds)}.get(what, (0.0,))
        for delay in delays:
            moment = self.world.loop.now + self.world.rng.uniform(0.1, 2.0) + delay
            self.world.loop.at(moment, self._carry, hook, delivery, write)

    def receive(self, job: Job) -> None:
        """In a worker of the web: the product's own receiver answers."""
        hook, delivery = job.facts["letter"]
        body = json.dumps(delivery.payload).encode()
        headers = headers_of(hook, delivery, body)
        request = RequestFactory().post(
            "/webhooks/github", body, content_type=headers.pop("Content-Type"), headers=headers
        )
        delivery.status = receiving.github(request).status_code
        if delivery.status // 100 == 2:
            self.taken.append(delivery.guid)

    def unheard(self) -> list[str]:
        """Deliveries that were taken and of which nothing came."""
        rows = dict(WebhookDelivery.objects.values_list("delivery_id", "state"))
        return [guid for guid in self.taken if rows.get(guid, "gone") in (*WAITS, "gone")]

    def rest(self) -> None:
        """Nothing waits outside the loop."""

    stop = rest

    def _carry(self, hook: Hook, delivery: Delivery, write: Callable[[], dict[str, Any]]) -> None:
        delivery.payload = delivery.payload or write()
        self.world.queue.deliver(Job("web", facts={"letter": (hook, delivery)}))
