"""The first sync of a repository with many issues: requests, speed, memory. The floor fetches and decodes only."""

from __future__ import annotations

import math
import time
from typing import Any

from django.conf import settings

from automation.demo.github import StandIn
from issues.models import IssueSession
from issues.sync import sync_project
from projects.connection import connect
from projects.models import Credential, Project
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.processes import growth, in_child
from tests.factories import create_project

REPOSITORY = "acme/busy"
TOKEN = "ghp_benchmark" + "0" * 27
FEW, MANY = 1_000, 10_000
PAGE = 100
BODY = (
    "Steps to reproduce:\n\n1. Open the list.\n2. Press the button.\n\n```\nValueError: no values\n```\n" * 6
)


def measure() -> list[Figure]:
    few, many = _in_children(FEW), _in_children(MANY)
    seconds, floor = many["sync"]["seconds"], many["fetch"]["seconds"]
    return [
        Figure(
            f"requests to the issue list, first sync of {MANY:,} issues",
            many["sync"]["requests"],
            "",
            math.ceil(MANY / PAGE),
            Goal("ratio", 1),
        ),
        Figure(f"first sync of {MANY:,} issues", seconds, "s", floor),
        Figure("issues stored in a second", MANY / seconds, "1/s", MANY / floor),
        Figure(
            f"memory growth, {MANY:,} issues beside {FEW:,}",
            many["sync"]["megabytes"],
            "MB",
            few["sync"]["megabytes"],
            Goal("ratio", 2),
        ),
    ]


def _in_children(number: int) -> dict[str, dict[str, Any]]:
    """What syncing and what mere fetching cost for a repository of so many issues."""
    with StandIn({TOKEN: "autowrkers-bot"}) as hub:
        hub.create_repository(REPOSITORY)
        for count in range(number):
            hub.create_issue(REPOSITORY, f"The list is wrong, case {count}", BODY, labels=["bug"])
        answers = {}
        for task in ("fetch", "sync"):
            hub.requests.clear()
            answers[task] = in_child(task, api_url=hub.api_url, web_url=hub.web_url)
            requests = sum(exchange.path.endswith("/issues") for exchange in hub.requests)
            assert requests == math.ceil(number / PAGE), f"{task}: {requests} requests"
            assert answers[task]["issues"] == number
            answers[task]["requests"] = requests
    return answers


def fetch(*, api_url: str, web_url: str) -> dict[str, Any]:
    """The pages by the plain client, decoded and dropped."""
    client = connect(_project(api_url, web_url))
    began = time.perf_counter()
    with growth() as grown:
        issues = sum(len(page.issues) for page in client.iter_issues(REPOSITORY, state="open"))
    return {"seconds": time.perf_counter() - began, "megabytes": grown.megabytes, "issues": issues}


def sync(*, api_url: str, web_url: str) -> dict[str, Any]:
    project = _project(api_url, web_url)
    client = connect(project)
    began = time.perf_counter()
    with growth() as grown:
        report = sync_project(project, client)
    seconds = time.perf_counter() - began
    assert report.finished
    return {"seconds": seconds, "megabytes": grown.megabytes, "issues": IssueSession.objects.count()}


def _project(api_url: str, web_url: str) -> Project:
    settings.GITHUB_API_URL, settings.GITHUB_WEB_URL = api_url, web_url
    credential = Credential.objects.for_secret(kind=Credential.Kind.TOKEN, api_url=api_url, secret=TOKEN)
    return create_project(github_repo=REPOSITORY, credential=credential)
