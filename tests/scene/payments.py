"""The scene's busiest project: one session in every state that people meet, and a history to count."""

from __future__ import annotations

from issues.states import Status
from tests.scene import stories, texts
from tests.scene.telling import Teller

WEEK = 7 * 24 * 60
PAST = (
    "Currency symbols are printed twice",
    "Webhook retries ignore the back-off",
    "Negative amounts are accepted",
    "Statement dates are a day early",
    "Expired cards are offered again",
    "Export has no header line",
    "Time zone of merchants is ignored",
    "Tests depend on the day of the week",
    "Ledger rows are not locked",
    "Invoices skip a number",
)


def tell_story(tell: Teller) -> None:
    tell_of_people(tell)
    tell_of_work(tell)
    tell_hostile_issues(tell)
    for week, title in enumerate(PAST, start=1):
        issue = tell.issue(60 + week, title, ago=week * WEEK + 300)
        if week in (4, 7):
            stories.failed(tell, issue, ago=week * WEEK, failing={"test": texts.PYTEST})
        else:
            stories.merged(tell, issue, 200 + week, ago=week * WEEK - 700, tries=1 + week % 2)


def tell_of_people(tell: Teller) -> None:
    """What waits for somebody, or has been decided by somebody."""
    title = "Refund fails when the original payment was split"
    refund = tell.issue(
        125, title, ago=400, body=texts.REFUND_BODY, labels=["bug", "refunds", "priority: high"]
    )
    stories.failed(tell, refund, ago=130, failing={"test": texts.PYTEST})
    asked = tell.issue(133, "Partial refunds of foreign-currency payments", ago=390, labels=["enhancement"])
    stories.held(tell, asked, "agent_asked", texts.QUESTION, ago=75)
    complex_ = tell.issue(
        134, "Replace the ledger's storage", ago=380, labels=["architecture", "breaking-change"]
    )
    words = "It looks too complex to begin unasked. Start it, or split the issue into smaller ones."
    stories.held(tell, complex_, "complex", words, ago=380, begun=False)
    review = tell.issue(124, "VAT is rounded per line instead of per invoice", ago=3000)
    stories.opened(tell, review, 338, ago=1500, tries=2, pr_review="changes_requested", pr_checks="failure")
    closed = tell.issue(116, "Cache exchange rates", ago=6000, labels=["performance"])
    stories.opened(tell, closed, 329, ago=5000)
    message = "Pull request #329 was closed without being merged."
    old, new = Status.PR_CREATED, Status.FAILED
    tell.event(closed, 4000, "moved", old, new, reason="pr_closed", message=message, actor="github")
    tell.change(
        closed,
        status=new,
        reason="pr_closed",
        pr_state="closed",
        last_error=message,
        completed_at=tell.at(4000),
    )
    stories.skipped(
        tell,
        tell.issue(117, "Rename Payment to Charge", ago=5000),
        "skipped_by_person",
        ago=4900,
        actor="otto",
    )
    discussed = tell.issue(135, "Should we support cheques?", ago=350, labels=["needs-discussion"])
    stories.skipped(tell, discussed, "skip_label", ago=350)


def tell_of_work(tell: Teller) -> None:
    """What is going on, waits its turn, or is done."""
    keys = tell.issue(126, "Idempotency keys are compared case-insensitively", ago=300, labels=["bug", "api"])
    stories.running(tell, keys)
    secret = tell.issue(127, "Webhook check accepts an empty secret", ago=290, labels=["bug", "webhooks"])
    stories.verifying(tell, secret)
    report = tell.issue(
        128, "Add the currency to the daily settlement report", ago=280, labels=["enhancement"]
    )
    stories.opened(tell, report, 341, ago=50)
    stories.queued(tell, tell.issue(129, "Receipts are sent before the payment settles", ago=270), ago=20)
    tell.issue(130, "Health check hides a dead queue", ago=260, labels=["bug", "operations"])
    tell.issue(131, "Document the sandbox keys", ago=250, labels=["documentation"])
    wait = "The agent's account has reached its usage limit. It is tried again by itself."
    race = tell.issue(
        132, "Two captures at the same time both succeed", ago=240, labels=["bug", "concurrency"]
    )
    stories.parked(tell, race, "usage_limit", wait, ago=18, wait=42)
    stories.merged(tell, tell.issue(118, "Log lines lose the request id", ago=4000), 330, ago=2900, tries=2)
    stories.merged(tell, tell.issue(119, "Amounts above 2^31 overflow", ago=3900), 331, ago=2500)
    stories.merged(tell, tell.issue(120, "Time out when the bank is slow", ago=3800), 333, ago=2000)


def tell_hostile_issues(tell: Teller) -> None:
    """Titles, labels and bodies that somebody wrote to see what happens."""
    tell.issue(136, texts.RTL_TITLE, ago=200, author="مستخدم")
    tell.issue(137, texts.INVISIBLE_TITLE, ago=190)
    script = tell.issue(
        138, texts.SCRIPT_TITLE, ago=180, body=texts.INJECTION, labels=["<b>bold</b>", "javascript:alert(1)"]
    )
    stories.held(tell, script, "agent_asked", f"<script>alert('message')</script> {texts.RTL_TITLE}", ago=60)
    tell.issue(139, texts.LONG_TITLE, ago=170)
    tell.issue(140, "An issue with labels that are far too long", ago=160, labels=texts.LONG_LABELS)
