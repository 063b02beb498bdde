"""REST: a repository's webhooks and the log of their deliveries, for administrators alone."""

from __future__ import annotations

from typing import Any

from automation.demo.github import hook_log
from automation.demo.github.hooks import Delivery, Hook, check_url, new_guid
from automation.demo.github.payloads import stamp
from automation.demo.github.refusals import impossible, not_found
from automation.demo.github.routing import Answer, Call, Route, paginate


def list_hooks(call: Call) -> Answer:
    return paginate(call, list(_hooks(call).values()), lambda hook: _show(call, hook))


def create_hook(call: Call) -> Answer:
    hooks, fields = _hooks(call), call.fields()
    config = fields.get("config") or {}
    url = check_url(config.get("url"))
    if any(hook.url == url for hook in hooks.values()):
        raise impossible("Hook", "Hook already exists on this repository")
    events = list(fields.get("events") or ["push"])
    secret = str(config.get("secret") or "")
    hook = Hook(call.ledger.next_id(), url, secret, events, fields.get("active", True), call.ledger.now())
    hooks[hook.id] = hook
    _ping(call, hook)
    return Answer(201, _show(call, hook))


def get_hook(call: Call) -> Answer:
    return Answer(body=_show(call, _hook(call)))


def update_hook(call: Call) -> Answer:
    hook, fields = _hook(call), call.fields()
    config = fields.get("config") or {}
    hook.url = check_url(config.get("url", hook.url))
    hook.secret = str(config.get("secret", hook.secret))
    hook.events = list(fields.get("events", hook.events))
    hook.active = bool(fields.get("active", hook.active))
    return Answer(body=_show(call, hook))


def delete_hook(call: Call) -> Answer:
    del call.repo.hooks[_hook(call).id]
    return Answer(204)


def list_deliveries(call: Call) -> Answer:
    hook = _hook(call)
    path = f"{call.shapes.api_url}/repositories/{call.repo.id}/hooks/{hook.id}/deliveries"
    return hook_log.read(hook, call.query, path)


def send_again(call: Call) -> Answer:
    return hook_log.send_again(_hook(call), int(call.params["delivery"]), call.ledger)


def _hooks(call: Call) -> dict[int, Hook]:
    if not call.repo.allows(call.login, "admin"):
        raise not_found()
    return call.repo.hooks


def _hook(call: Call) -> Hook:
    hook = _hooks(call).get(int(call.params["number"]))
    if hook is None:
        raise not_found()
    return hook


def _ping(call: Call, hook: Hook) -> None:
    delivery = Delivery(call.ledger.next_id(), new_guid(), "ping", None, call.repo.id, call.ledger.now())
    payload = {
        "zen": "Keep it logically awesome.",
        "hook_id": hook.id,
        "hook": _show(call, hook),
        "repository": call.shapes.repository(call.repo, viewer=call.login),
        "sender": call.shapes.user(call.login),
    }
    call.ledger.postman.send(hook, delivery, lambda: payload)


def _show(call: Call, hook: Hook) -> dict[str, Any]:
    url = f"{call.shapes.repository_url(call.repo)}/hooks/{hook.id}"
    hidden = {"secret": "********"} if hook.secret else {}
    return {
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": hook.events,
        "config": {"url": hook.url, "content_type": "json", "insecure_ssl": "0"} | hidden,
        "updated_at": stamp(hook.created_at),
        "created_at": stamp(hook.created_at),
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }


ROUTES: list[Route] = [
    ("GET", "/hooks", list_hooks),
    ("POST", "/hooks", create_hook),
    ("GET", "/hooks/{number}", get_hook),
    ("PATCH", "/hooks/{number}", update_hook),
    ("DELETE", "/hooks/{number}", delete_hook),
    ("GET", "/hooks/{number}/deliveries", list_deliveries),
    ("POST", "/hooks/{number}/deliveries/{delivery}/attempts", send_again),
]
