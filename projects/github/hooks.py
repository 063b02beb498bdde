"""Webhooks: finding a repository's, making it, changing its secret; and what GitHub's log of deliveries says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from projects.github.decoding import Fields, MalformedPayload
from projects.github.transport import Transport, repository_path
from projects.redaction import register

GOOD = range(200, 300)
REFUSED = range(400, 500)


@dataclass(frozen=True)
class Hook:
    id: int
    url: str
    events: tuple[str, ...]
    active: bool


@dataclass(frozen=True)
class Sent:
    """One line of GitHub's log of deliveries. All attempts of the same delivery share its `guid`."""

    id: int
    guid: str
    event: str
    delivered_at: datetime
    status: int  # 0 when nobody answered
    is_redelivery: bool

    @property
    def was_taken(self) -> bool:
        return self.status in GOOD

    @property
    def was_refused(self) -> bool:
        """The receiver is there, and does not want it."""
        return self.status in REFUSED


class DeliveryLog:
    """What GitHub sent by one webhook of the last days, a repository's or an App's; `path` is where it is read.

    `polled`: the same token asks again and again, so that a log without news costs nothing of the hour.
    """

    def __init__(self, transport: Transport, path: str, *, polled: bool) -> None:
        self._transport = transport
        self._path = path
        self._polled = polled

    def pages(self) -> Iterator[list[Sent]]:
        """Newest first.

        https://docs.github.com/rest/repos/webhooks#list-deliveries-for-a-repository-webhook
        https://docs.github.com/rest/apps/webhooks#list-deliveries-for-an-app-webhook
        """
        for answer in self._transport.pages(self._path, polled=self._polled):
            yield [_decode_sent(raw) for raw in _items(answer.data)]

    def send_again(self, sent_id: int) -> None:
        """Nothing of it shows on GitHub, so it is none of the content-generating requests that GitHub limits.

        https://docs.github.com/rest/repos/webhooks#redeliver-a-delivery-for-a-repository-webhook
        https://docs.github.com/rest/apps/webhooks#redeliver-a-delivery-for-an-app-webhook
        """
        self._transport.mutate("POST", f"{self._path}/{sent_id:d}/attempts", None, makes_content=False)


class Hooks:
    """Raises the ladder of `errors.py`; a token without the permission for webhooks gets Forbidden or NotFound."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def of(self, repo: str) -> list[Hook]:
        """https://docs.github.com/rest/repos/webhooks#list-repository-webhooks"""
        found: list[Hook] = []
        for answer in self._transport.pages(_hooks_of(repo)):
            found += [_decode(raw) for raw in _items(answer.data)]
        return found

    def create(self, repo: str, *, url: str, secret: str, events: Sequence[str]) -> Hook:
        """Looks for nothing before: the caller does.

        https://docs.github.com/rest/repos/webhooks#create-a-repository-webhook
        """
        payload = {"name": "web", "active": True, "events": list(events), "config": _config(url, secret)}
        return self._transport.change("POST", _hooks_of(repo), payload, _decode)

    def update(self, repo: str, hook_id: int, *, url: str, secret: str, events: Sequence[str]) -> Hook:
        """Give the hook this secret and these events, and switch it on.

        https://docs.github.com/rest/repos/webhooks#update-a-repository-webhook
        """
        payload = {"active": True, "events": list(events), "config": _config(url, secret)}
        return self._transport.change("PATCH", f"{_hooks_of(repo)}/{hook_id:d}", payload, _decode)

    def log(self, repo: str, hook_id: int) -> DeliveryLog:
        return DeliveryLog(self._transport, f"{_hooks_of(repo)}/{hook_id:d}/deliveries", polled=True)


def _hooks_of(repo: str) -> str:
    return f"{repository_path(repo)}/hooks"


def _config(url: str, secret: str) -> dict[str, str]:
    register(secret)
    return {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"}


def _items(data: object) -> list[object]:
    if not isinstance(data, list):
        raise MalformedPayload("list")
    return data


def _decode(raw: object) -> Hook:
    fields = Fields(raw)
    events = tuple(str(event) for event in fields.items("events"))
    url = fields.child("config").text_or_empty("url")
    return Hook(fields.number("id"), url, events, fields.flag("active"))


def _decode_sent(raw: object) -> Sent:
    fields = Fields(raw)
    status = fields.value.get("status_code")
    return Sent(
        id=fields.number("id"),
        guid=fields.text("guid"),
        event=fields.text("event"),
        delivered_at=fields.moment("delivered_at"),
        status=status if isinstance(status, int) else 0,
        is_redelivery=fields.flag("redelivery"),
    )
