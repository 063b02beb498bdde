"""The scene itself: five projects, their people and their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from automation.demo import story
from issues.models import IssueSession
from projects.models import Credential, Project, Role
from tests.scene import outside, payments, people, stories, texts
from tests.scene.people import TEAM, People
from tests.scene.repository import MirrorOnDisk
from tests.scene.telling import Teller


@dataclass(frozen=True)
class World:
    people: People
    payments: Project
    webshop: Project
    pipeline: Project
    demo: Project
    empty: Project

    def session(self, project: Project, number: int) -> IssueSession:
        return project.sessions.get(github_issue_number=number)


def fill(now: datetime | None = None) -> World:
    """Fill the present database, log folder and workspace. Every time is relative to `now`."""
    now = now or timezone.now()
    team = people.create()
    good = _credential("ghp_scene_good", login="acme-bot", rate_limit=5000, rate_remaining=4312)
    bad = _credential(
        "ghp_scene_old",
        error_code="github.bad_token",
        error_message="GitHub answered 401 to GET /repos/acme/pipeline/issues: Bad credentials",
        error_since=Teller(Project(), now).at(95),
    )
    world = World(
        people=team,
        payments=_payments(good, now),
        webshop=_webshop(good, now),
        pipeline=_pipeline(bad, now),
        demo=_demo(now),
        empty=Project.objects.create(name="Mobile app", github_repo="acme/mobile", credential=good),
    )
    people.give_roles(team, world.payments, **TEAM)
    people.give_roles(team, world.webshop, manager=Role.MANAGER, viewer=Role.VIEWER)
    people.give_roles(team, world.pipeline, manager=Role.MANAGER, operator=Role.OPERATOR)
    people.give_roles(team, world.demo, manager=Role.VIEWER)
    people.give_roles(team, world.empty, manager=Role.MANAGER)
    outside.leave_traces(team, world.payments, world.webshop, now)
    return world


def _credential(secret: str, **values: Any) -> Credential:
    kind = Credential.Kind.TOKEN
    credential = Credential.objects.for_secret(kind=kind, api_url=settings.GITHUB_API_URL, secret=secret)
    Credential.objects.filter(pk=credential.pk).update(**values)
    return credential


def _payments(credential: Credential, now: datetime) -> Project:
    project = Project.objects.create(
        name="Payments API",
        github_repo="acme/payments-api",
        credential=credential,
        automation_enabled=True,
        auto_start=True,
        max_concurrent=2,
        monthly_budget_usd=150,
        setup_command="python3 -m venv .venv && .venv/bin/pip install -e .[test]",
        lint_command=".venv/bin/ruff check .",
        type_check_command=".venv/bin/mypy payments",
        test_command=".venv/bin/python -m pytest -q",
        last_synced_at=Teller(Project(), now).at(3),
        last_tended_at=now,
    )
    mirror = MirrorOnDisk(project)
    tell = Teller(project, now, mirror.base, mirror.feature, mirror.drafts)
    payments.tell_story(tell)
    for session in project.sessions.exclude(head_sha=""):
        mirror.import_head(session)
    return project


def _webshop(credential: Credential, now: datetime) -> Project:
    tell = Teller(Project(), now)
    project = tell.project = Project.objects.create(
        name="Web shop",
        github_repo="acme/webshop",
        credential=credential,
        agent=Project.Agent.CODEX,
        monthly_budget_usd=20,
        setup_command="npm ci",
        lint_command="npm run lint",
        test_command="npm test",
        build_command="npm run build",
        last_synced_at=tell.at(60 * 26),
    )
    issue = tell.issue(12, "Cart total ignores the discount", ago=3000)
    stories.failed(tell, issue, ago=900, failing={"lint": texts.ESLINT}, codex=True)
    stories.merged(tell, tell.issue(9, "Order mails are sent twice", ago=9000), 31, ago=7000)
    stories.opened(
        tell, tell.issue(14, "Search forgets its filters", ago=2800), 33, ago=1400, pr_checks="pending"
    )
    message = "The attempt's budget of $ 5.00 is used up. Raise it, then start the session again."
    stories.held(
        tell,
        tell.issue(15, "Move the checkout to the new form library", ago=2700),
        "budget",
        message,
        ago=1300,
    )
    tell.issue(16, "Footer links are not underlined", ago=2600, labels=["accessibility"])
    tell.issue(17, "Product pictures have no alternative text", ago=2500, labels=["accessibility"])
    return project


def _pipeline(credential: Credential, now: datetime) -> Project:
    tell = Teller(Project(), now)
    message = "GitHub answered 401 to GET /repos/acme/pipeline/issues: Bad credentials"
    project = tell.project = Project.objects.create(
        name="Data pipeline",
        github_repo="acme/pipeline",
        credential=credential,
        automation_enabled=True,
        auto_start=True,
        last_synced_at=tell.at(95),
        error_code="github.bad_token",
        error_message=f"{message}. Store a valid token for the project (on GitHub: Settings, Developer settings).",
        error_since=tell.at(95),
    )
    waits = tell.issue(70, "Nightly load is killed by the memory limit", ago=500)
    stories.parked(tell, waits, "github.bad_token", message, ago=95, wait=24)
    tell.issue(71, "Partition the events table by month", ago=480, labels=["architecture"])
    stories.merged(tell, tell.issue(66, "CSV with a byte order mark is refused", ago=9900), 88, ago=8000)
    return project


def _demo(now: datetime) -> Project:
    tell = Teller(Project(), now)
    project = tell.project = Project.objects.create(
        name="calc (demo)",
        github_repo="acme/calc",
        agent=Project.Agent.SCRIPTED,
        automation_enabled=True,
        last_synced_at=tell.at(12),
        **story.COMMANDS,
    )
    stories.merged(tell, tell.issue(1, story.MEDIAN.title, ago=300, body=story.MEDIAN.body), 4, ago=40)
    decimal = tell.issue(3, story.DECIMAL.title, ago=300, labels=list(story.DECIMAL.labels))
    stories.skipped(tell, decimal, "skip_label", ago=300)
    return project
