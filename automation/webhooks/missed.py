"""Asking GitHub once more for what it could not deliver while we did not answer, of the last three days.

https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from automation.models import AppHook, RepositoryHook, WebhookDelivery
from automation.webhooks import setup
from automation.webhooks.inbox import PING
from projects import app_tokens, clocks
from projects.github.client import GitHubClient
from projects.github.errors import Forbidden, GitHubRateLimited, NotFound, ValidationFailed
from projects.github.hooks import DeliveryLog, Sent
from projects.models import GitHubApp, Project

EVERY = timedelta(minutes=15)
GAP = timedelta(minutes=5)
OVERLAP = timedelta(hours=1)
LONGEST = timedelta(days=3)  # GitHub sends nothing older again
MOST_PAGES = 40  # of a hundred: reading must leave time to ask, and the sync finds the rest
BATCH = 500

logger = logging.getLogger(__name__)


def ask_again(project: Project, client: GitHubClient, now: datetime, may_go_on: Callable[[], bool]) -> int:
    """Ask for failed deliveries that never arrived; answers for how many. Every 15 min, and after a gap.

    Those of the repository's own webhook and those of the App that the project is linked by. Each is asked for at
    once, and again each time while that fails too: one of them as long as the last attempt of all failed, so that a
    receiver that is still down is not flooded, else all.
    """
    asked = 0
    hook = RepositoryHook.objects.filter(project=project).first()
    if hook is not None and project.webhook_credential_id is not None and _is_due(hook, project, now):
        asked += _of_repository(hook, project, client, now, may_go_on)
    app = setup.app_of(project)
    if app is not None and may_go_on():
        asked += _of_app(app, project, now, may_go_on)
    return asked


def _is_due(hook: RepositoryHook | AppHook, project: Project, now: datetime) -> bool:
    if hook.checked_at is None or clocks.is_due(hook.checked_at, EVERY, now):
        return True
    was_away = project.last_tended_at is not None and now - project.last_tended_at >= GAP
    return was_away and now - hook.checked_at >= GAP


def _of_repository(
    hook: RepositoryHook, project: Project, client: GitHubClient, now: datetime, may_go_on: Callable[[], bool]
) -> int:
    since = _since(hook, now)
    try:
        round_ = _ask(client.hooks.log(project.github_repo, hook.hook_id), since, may_go_on)
    except (Forbidden, NotFound) as error:
        if isinstance(error, NotFound) and _is_gone(client, project, hook):
            hook.delete()
            return 0
        round_ = _Round(owed_since=since)
    if round_.is_whole:
        RepositoryHook.objects.filter(pk=hook.pk).update(checked_at=now, owed_since=round_.owed_since)
    return round_.asked


def _of_app(app: GitHubApp, project: Project, now: datetime, may_go_on: Callable[[], bool]) -> int:
    """Whichever of the App's projects claims it reads for all; the next to come goes on with what was broken off.

    What GitHub refuses the App here is no trouble of the project: it is tried again at the next time.
    """
    hook, _ = AppHook.objects.get_or_create(app=app)
    row, since = AppHook.objects.filter(pk=hook.pk), _since(hook, now)
    claimed = {"checked_at": now, "owed_since": since}
    if not _is_due(hook, project, now) or not row.filter(checked_at=hook.checked_at).update(**claimed):
        return 0
    try:
        if not app_tokens.delivers_to(app, setup.address()):
            return 0
        round_ = _ask(app_tokens.deliveries_of(app), since, may_go_on)
    except (Forbidden, NotFound, GitHubRateLimited) as error:
        logger.warning("app=%s %s", app.app_id, error)
        return 0
    done = {"owed_since": round_.owed_since} if round_.is_whole else {"checked_at": hook.checked_at}
    row.filter(checked_at=now).update(**done)
    return round_.asked


@dataclass(frozen=True)
class _Round:
    """`owed_since`: the first attempt at the oldest delivery that has not arrived.

    One that is broken off need not be remembered: what was asked for shows in the log, and the next goes on behind it.
    """

    asked: int = 0
    owed_since: datetime | None = None
    is_whole: bool = True


def _ask(log: DeliveryLog, since: datetime, may_go_on: Callable[[], bool]) -> _Round:
    sent = _sent(log, since, may_go_on)
    if sent is None:
        return _Round(is_whole=False)
    missed = _missed(sent)
    owed, asked = min((attempts[-1].delivered_at for attempts in missed), default=None), 0
    for attempts in _asked_now(missed, is_up=bool(sent) and sent[0].was_taken):
        is_sent = _send_again(log, attempts[-1]) if may_go_on() else None
        if is_sent is None:
            return _Round(asked, owed, is_whole=False)
        asked += is_sent
    return _Round(asked, owed)


def _is_gone(client: GitHubClient, project: Project, hook: RepositoryHook) -> bool:
    """Was it removed on GitHub? A token that may no longer see it is answered in the same way, and may be mended."""
    try:
        return hook.hook_id not in {each.id for each in client.hooks.of(project.github_repo)}
    except (Forbidden, NotFound):
        return False


def _send_again(log: DeliveryLog, sent: Sent) -> bool | None:
    """Whether GitHub will; None while changes of more weight go first."""
    try:
        log.send_again(sent.id)
    except (NotFound, ValidationFailed) as error:
        logger.info("delivery=%s %s", sent.guid, error)
        return False
    except GitHubRateLimited as error:
        if not error.is_reserve:
            raise
        logger.info("delivery=%s outcome=put_off %s", sent.guid, error)
        return None
    return True


def _missed(log: list[Sent]) -> list[list[Sent]]:
    """Of each delivery that has not arrived its attempts, newest first, unless we refused it when it was sent again."""
    attempts = defaultdict[str, list[Sent]](list)
    for sent in log:
        attempts[sent.guid].append(sent)
    guids = list(attempts)
    for start in range(0, len(guids), BATCH):
        stored = WebhookDelivery.objects.filter(delivery_id__in=guids[start : start + BATCH])
        for guid in stored.values_list("delivery_id", flat=True):
            del attempts[guid]
    return [each for each in attempts.values() if not any(map(_settles, each))]


def _settles(sent: Sent) -> bool:
    return sent.was_taken or sent.event == PING or (sent.is_redelivery and sent.was_refused)


def _asked_now(missed: list[list[Sent]], *, is_up: bool) -> list[list[Sent]]:
    """The oldest last."""
    new = [attempts for attempts in missed if not attempts[0].is_redelivery]
    return missed if is_up else new or missed[:1]


def _since(hook: RepositoryHook | AppHook, now: datetime) -> datetime:
    """From when on GitHub's log is read. What a clock that was ahead has written tells nothing."""
    if hook.checked_at is None or clocks.is_ahead(hook.checked_at, now):
        return now - LONGEST
    since = min(hook.checked_at, now) - OVERLAP
    return max(min(since, hook.owed_since or since), now - LONGEST)


def _sent(log: DeliveryLog, since: datetime, may_go_on: Callable[[], bool]) -> list[Sent] | None:
    """Newest first; None when the round was over before."""
    found: list[Sent] = []
    pages = log.pages()
    for _ in range(MOST_PAGES):
        if not may_go_on():
            return None
        page = next(pages, [])
        found += [sent for sent in page if sent.delivered_at >= since]
        if not page or page[-1].delivered_at < since:
            break
    return found
