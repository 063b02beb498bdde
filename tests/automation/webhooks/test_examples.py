"""Every example payload that GitHub's community publishes, signed, forged and repeated in a shuffled order."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from django_q.models import OrmQ

from automation.models import WebhookDelivery
from automation.webhooks import inbox
from projects.models import Project
from tests.automation.webhooks.signing import deliver, hooked_project
from tests.factories import API_URL

pytestmark = [pytest.mark.django_db, pytest.mark.services]
EXAMPLES = (
    Path(__file__).parents[2] / "data" / "webhooks" / "examples.jsonl.gz"
)  # @octokit/webhooks-examples 7.6.1
HELLO_WORLD = 186853002  # the repository that most examples are about


@pytest.fixture(scope="module")
def examples():
    with gzip.open(EXAMPLES, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_every_published_example_is_taken_once_and_a_forged_one_never(examples, settings):
    settings.GITHUB_API_URL = API_URL
    project = hooked_project(github_id=HELLO_WORLD)
    sent = [(number, "good") for number in range(len(examples))] * 2
    sent += [(number, "forged") for number in range(0, len(examples), 4)]
    random.Random(8).shuffle(sent)
    answers = {"good": set(), "forged": set()}
    for number, kind in sent:
        example = examples[number]
        secret = {} if kind == "good" else {"secret": "a-guessed-secret"}
        answer = deliver(example["event"], example["payload"], guid=f"{kind}-{number}", **secret)
        answers[kind].add(answer.status_code)
    assert answers == {"good": {202}, "forged": {401}}
    rows = WebhookDelivery.objects.all()
    assert {row.delivery_id for row in rows} == {f"good-{number}" for number in range(len(examples))}
    assert max(len(json.dumps(row.payload)) for row in rows) < 2_000
    ours = [row for row in rows if row.state == "received"]
    assert {row.project for row in ours} == {project}
    assert {row.event for row in ours} == (inbox.OF_ISSUES | inbox.OF_PULLS)
    tends = sum(example["event"] in inbox.OF_ACCOUNTS for example in examples)
    assert OrmQ.objects.count() == tends + 1
    assert {row.project for row in rows} == {project, None}
    wakes = inbox.take(Project.objects.get(), project.created_at)
    assert (len(wakes.rows), wakes.issues, wakes.sessions) == (len(ours), True, [])


def test_texts_of_people_are_not_kept(examples, settings):
    settings.GITHUB_API_URL = API_URL
    hooked_project(github_id=HELLO_WORLD)
    kept = {"hook_id", "issue", "pulls", "shas", "branches", "repository_id", "repository"}
    for example in examples[::7]:
        deliver(example["event"], example["payload"])
    assert {name for row in WebhookDelivery.objects.all() for name in row.payload} <= kept
