"""Asking GitHub once more for what it could not deliver while we did not answer, of the last three days.

https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from automation.models import RepositoryHook, WebhookDelivery
from automation.webhooks.inbox import PING
from projects.github.client import GitHubClient
from projects.github.errors import Forbidden, NotFound, ValidationFailed
from projects.github.hooks import Sent
from projects.models import Project

EVERY = timedelta(minutes=15)
GAP = timedelta(minutes=5)
OVERLAP = timedelta(hours=1)
LONGEST = timedelta(days=3)  # GitHub sends nothing older again

logger = logging.getLogger(__name__)


def ask_again(project: Project, client: GitHubClient, now: datetime, may_go_on: Callable[[], bool]) -> int:
    """Ask for each failed delivery that never arrived, once; answers for how many. Every 15 min, and after a gap."""
    hook = RepositoryHook.objects.filter(project=project).first()
    if hook is None or project.webhook_credential_id is None or not _is_due(hook, project, now):
        return 0
    since = now - LONGEST if hook.checked_at is None else max(hook.checked_at - OVERLAP, now - LONGEST)
    asked = 0
    try:
        for sent in _missed(client, project, hook, since):
            if not may_go_on():
                return asked  # what is asked for shows in GitHub's log: the next round goes on behind it
            asked += _send_again(client, project, hook, sent)
    except NotFound:
        hook.delete()  # the webhook is gone, or this token may no longer see it
        return asked
    except Forbidden:
        pass
    RepositoryHook.objects.filter(pk=hook.pk).update(checked_at=now)
    return asked


def _is_due(hook: RepositoryHook, project: Project, now: datetime) -> bool:
    if hook.checked_at is None or now - hook.checked_at >= EVERY:
        return True
    was_away = project.last_tended_at is not None and now - project.last_tended_at >= GAP
    return was_away and now - hook.checked_at >= GAP


def _send_again(client: GitHubClient, project: Project, hook: RepositoryHook, sent: Sent) -> bool:
    try:
        client.hooks.send_again(project.github_repo, hook.hook_id, sent.id)
    except ValidationFailed as error:
        logger.info("delivery=%s %s", sent.guid, error)
        return False
    return True


def _missed(client: GitHubClient, project: Project, hook: RepositoryHook, since: datetime) -> Iterator[Sent]:
    """Of each delivery that failed and was never tried again its one attempt, the oldest last."""
    log = _log(client, project, hook, since)
    settled = {sent.guid for sent in log if sent.was_taken or sent.is_redelivery or sent.event == PING}
    failed = {sent.guid: sent for sent in log if sent.guid not in settled}
    stored = WebhookDelivery.objects.filter(delivery_id__in=list(failed))
    for guid in stored.values_list("delivery_id", flat=True):
        del failed[guid]
    yield from failed.values()


def _log(client: GitHubClient, project: Project, hook: RepositoryHook, since: datetime) -> list[Sent]:
    found: list[Sent] = []
    for page in client.hooks.sent(project.github_repo, hook.hook_id):
        found += [sent for sent in page if sent.delivered_at >= since]
        if not page or page[-1].delivered_at < since:
            break
    return found
