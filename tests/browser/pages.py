"""Every page of the site, from the URL configuration, so that a new one cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver

TABS = ("overview", "attempts", "verification", "log", "diff", "timeline")
NOT_PAGES = {
    "analytics-csv": "a file",
    "log-events": "JSON",
    "log-raw": "a file",
    "diff-raw": "a file",
    "delivery-replay": "POST only",
    "webhook-make": "POST only",
    "webhook-secret": "POST only",
    "link-check": "POST only",
    "link-token": "POST only",
    "link-branch": "POST only",
    "jsi18n": "a script",
    "autocomplete": "JSON",
    "logout": "POST only",
    "github-login": "POST only",
    "github-answer": "where GitHub sends people back to",
    "github-connect": "POST only",
    "github-disconnect": "POST only",
    "github-app-made": "where GitHub sends people back to",
    "github-app-installed": "a redirect",
    "view_on_site": "a redirect",
    "": "the catch-all",
}
STOCK = ("_changelist", "_add", "_change", "_delete", "_history", "_password_change")
SIMPLE = {
    "index": "",
    "data": "data/",
    "login": "login/",
    "password_change": "password_change/",
    "password_change_done": "password_change/done/",
}
ANSWERS = (  # of the API: a list, a detail with forms, an address for changes alone, a problem
    "/api/issue-sessions?page_size=3",
    "/api/projects/{project}",
    "/api/issue-sessions/{failed}/retry",
    "/api/projects/999999",
)
OTHERS = ("/api/docs", "/admin/nothing-here/", "/nothing-here", "/admin/session/999999/")


def names() -> list[str]:
    """What the URL configuration names below /admin/."""
    return sorted({pattern.name or "" for pattern in _flat(admin.site.urls[0])})


def paths(facts: dict[str, Any], which: str) -> dict[str, str]:
    """The path of every page of the scene, by a name for people: those of "ours", or Django's "stock" pages."""
    is_wanted = which == "ours"
    others = [*OTHERS, *(path.format_map(facts) for path in ANSWERS)]
    found: dict[str, str] = {path: path for path in others if is_wanted}
    for pattern in _flat(admin.site.urls[0]):
        name = pattern.name or ""
        if name in NOT_PAGES or name == "app_list" or name.endswith(STOCK) is is_wanted:
            continue
        for title, path in _fill(name, str(pattern.pattern), facts):
            found[title] = f"/admin/{path}"
    return found


def _flat(patterns: Any, above: str = "") -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _flat(pattern.url_patterns)
        else:
            yield pattern


def _fill(name: str, route: str, facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if name in SIMPLE:
        yield name, SIMPLE[name]
    elif name == "session":
        for state in ("failed", "running", "report", "hostile"):
            for tab in TABS:
                yield f"{tab} of {state}", f"session/{facts[state]}/?tab={tab}"
        for state in ("asked", "parked"):
            yield f"overview of {state}", f"session/{facts[state]}/"
    elif name == "board":
        for which in ("project", "empty", "pipeline"):
            yield f"board of {which}", f"project/{facts[which]}/"
    elif name == "project-verb":
        for verb in ("start-all", "pause"):
            yield verb, route.replace("<int:pk>", str(facts["project"])).replace("<str:verb>", verb)
    elif name == "session-verb":
        for verb in ("skip", "stop"):
            yield verb, route.replace("<int:pk>", str(facts["running"])).replace("<str:verb>", verb)
    elif name == "auth_user_password_change":
        yield name, f"auth/user/{facts['objects']['auth.user']}/password/"
    elif name.endswith(STOCK):
        yield from _stock(name, facts["objects"])
    else:
        yield name, route.replace("<int:pk>", str(facts["project"]))


def _stock(name: str, objects: dict[str, Any]) -> Iterator[tuple[str, str]]:
    labels = {
        model._meta.label_lower.replace(".", "_"): model._meta.label_lower for model in admin.site._registry
    }
    prefix, _, page = name.rpartition("_")
    label = labels[prefix]
    folder = label.replace(".", "/")
    if page in ("changelist", "add"):
        yield name, f"{folder}/" + ("add/" if page == "add" else "")
    elif label in objects:
        yield name, f"{folder}/{objects[label]}/{page}/"
