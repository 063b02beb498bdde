"""The log of what a webhook delivered, a repository's or an App's: read by cursor, and sent again from."""

from __future__ import annotations

from typing import Any

from automation.demo.github.hooks import Delivery, Hook
from automation.demo.github.payloads import stamp
from automation.demo.github.refusals import not_found
from automation.demo.github.routing import Answer
from automation.demo.github.state import Ledger

PER_PAGE = 30


def read(hook: Hook, query: dict[str, str], url: str) -> Answer:
    """Newest first; `url` is where the next page is read."""
    size = int(query.get("per_page", PER_PAGE))
    cursor = int(query.get("cursor", hook.deliveries[0].id if hook.deliveries else 0))
    found = [delivery for delivery in hook.deliveries if delivery.id <= cursor]
    headers = {}
    if len(found) > size:
        headers["Link"] = f'<{url}?per_page={size}&cursor={found[size].id}>; rel="next"'
    return Answer(body=[_show(given) for given in found[:size]], headers=headers)


def send_again(hook: Hook, number: int, ledger: Ledger) -> Answer:
    sent = next((given for given in hook.deliveries if given.id == number), None)
    if sent is None:
        raise not_found()
    about = (sent.guid, sent.event, sent.action, sent.repository_id)
    repeated = Delivery(ledger.next_id(), *about, ledger.now(), redelivery=True)
    ledger.postman.send(hook, repeated, lambda: sent.payload)
    return Answer(202, {})


def _show(sent: Delivery) -> dict[str, Any]:
    return {
        "id": sent.id,
        "guid": sent.guid,
        "delivered_at": stamp(sent.delivered_at),
        "redelivery": sent.redelivery,
        "duration": 0.1,
        "status": "OK" if 200 <= sent.status < 300 else f"Invalid HTTP Response: {sent.status}",
        "status_code": sent.status,
        "event": sent.event,
        "action": sent.action,
        "installation_id": None,
        "repository_id": sent.repository_id,
        "throttled_at": None,
    }
