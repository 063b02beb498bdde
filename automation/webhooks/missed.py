"""Asking GitHub once more for what it could not deliver while we did not answer, of the last three days.

https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from automation.models import RepositoryHook, WebhookDelivery
from automation.webhooks.inbox import PING
from projects import clocks
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
    """Ask for failed deliveries that never arrived; answers for how many. Every 15 min, and after a gap.

    Each is asked for at once, and again each time while that fails too: one of them as long as the last attempt of all
    failed, so that a receiver that is still down is not flooded, else all.
    """
    hook = RepositoryHook.objects.filter(project=project).first()
    if hook is None or project.webhook_credential_id is None or not _is_due(hook, project, now):
        return 0
    asked, owed = 0, None
    try:
        log = list(_log(client, project, hook, _since(hook, now)))
        missed = _missed(log)
        owed = min((attempts[-1].delivered_at for attempts in missed), default=None)
        for attempts in _asked_now(missed, is_up=bool(log) and log[0].was_taken):
            if not may_go_on():
                return asked  # what is asked for shows in GitHub's log: the next round goes on behind it
            asked += _send_again(client, project, hook, attempts[-1])
    except NotFound:
        if _is_gone(client, project, hook):
            hook.delete()
            return asked
        owed = hook.owed_since
    except Forbidden:
        owed = hook.owed_since
    RepositoryHook.objects.filter(pk=hook.pk).update(checked_at=now, owed_since=owed)
    return asked


def _is_due(hook: RepositoryHook, project: Project, now: datetime) -> bool:
    if hook.checked_at is None or clocks.is_due(hook.checked_at, EVERY, now):
        return True
    was_away = project.last_tended_at is not None and now - project.last_tended_at >= GAP
    return was_away and now - hook.checked_at >= GAP


def _is_gone(client: GitHubClient, project: Project, hook: RepositoryHook) -> bool:
    """Was it removed on GitHub? A token that may no longer see it is answered in the same way, and may be mended."""
    try:
        return hook.hook_id not in {each.id for each in client.hooks.of(project.github_repo)}
    except (Forbidden, NotFound):
        return False


def _send_again(client: GitHubClient, project: Project, hook: RepositoryHook, sent: Sent) -> bool:
    try:
        client.hooks.send_again(project.github_repo, hook.hook_id, sent.id)
    except ValidationFailed as error:
        logger.info("delivery=%s %s", sent.guid, error)
        return False
    return True


def _missed(log: list[Sent]) -> list[list[Sent]]:
    """Of each delivery that has not arrived its attempts, newest first, unless we refused it when it was sent again."""
    attempts = defaultdict[str, list[Sent]](list)
    for sent in log:
        attempts[sent.guid].append(sent)
    stored = WebhookDelivery.objects.filter(delivery_id__in=list(attempts))
    for guid in stored.values_list("delivery_id", flat=True):
        del attempts[guid]
    return [each for each in attempts.values() if not any(map(_settles, each))]


def _settles(sent: Sent) -> bool:
    return sent.was_taken or sent.event == PING or (sent.is_redelivery and sent.was_refused)


def _asked_now(missed: list[list[Sent]], *, is_up: bool) -> list[list[Sent]]:
    """The oldest last."""
    new = [attempts for attempts in missed if not attempts[0].is_redelivery]
    return missed if is_up else new or missed[:1]


def _since(hook: RepositoryHook, now: datetime) -> datetime:
    """From when on GitHub's log is read."""
    if hook.checked_at is None:
        return now - LONGEST
    since = hook.checked_at - OVERLAP
    return max(min(since, hook.owed_since or since), now - LONGEST)


def _log(client: GitHubClient, project: Project, hook: RepositoryHook, since: datetime) -> Iterator[Sent]:
    for page in client.hooks.sent(project.github_repo, hook.hook_id):
        yield from (sent for sent in page if sent.delivered_at >= since)
        if not page or page[-1].delivered_at < since:
            break
