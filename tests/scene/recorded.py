"""What the agents of the scene say and do."""

from __future__ import annotations

from tests.scene import texts
from tests.scene.transcripts import Claude, Codex

REFUNDS = '''"""Refunds."""

from decimal import Decimal


def refund(payment, amount, *, gateway):
    gateway.refund("card", amount)
'''


def at_work() -> Claude:
    claude = Claude().say("I will look at how keys are stored before I change how they are compared.")
    claude.use("Grep", "payments/idempotency.py\ntests/test_idempotency.py", pattern="idempotency_key")
    source = "     1\tdef find(key):\n     2\t    return Stored.objects.filter(key__iexact=key).first()\n"
    claude.use("Read", source, file_path="/repository/payments/idempotency.py")
    claude.say(
        "`find()` uses **`iexact`**, so `A1` and `a1` are taken for the same request.\n\n"
        "1. Compare exactly.\n2. Add a test with both spellings.\n\nSee [the RFC](https://www.rfc-editor.org/rfc/rfc9110)."
    )
    claude.use(
        "Edit",
        "The file /repository/payments/idempotency.py has been updated.",
        file_path="/repository/payments/idempotency.py",
        old_string="    return Stored.objects.filter(key__iexact=key).first()",
        new_string="    return Stored.objects.filter(key=key).first()",
    )
    claude.use("Bash", "\x1b[32m12 passed\x1b[0m in 0.84s", command="pytest -q tests/test_idempotency.py")
    return claude.say("The module's tests pass. Now the whole suite.")


def fix() -> Claude:
    claude = Claude().say("The report adds amounts of different currencies. I will run its tests first.")
    claude.use(
        "Bash", "2 passed in 0.31s", command="pytest -q tests/test_report.py", description="Run the tests"
    )
    claude.use(
        "Edit",
        "The file /repository/payments/report.py has been updated.",
        file_path="/repository/payments/report.py",
        old_string="        totals[payment.settled_on, payment.merchant] += payment.amount",
        new_string="        totals[payment.settled_on, payment.merchant, payment.currency] += payment.amount",
    )
    claude.use("Bash", "4 passed in 0.35s", command="pytest -q tests/test_report.py")
    claude.use(
        "Bash",
        "27776d4 Add the currency to the settlement report",
        command="git add -A && git commit -qm 'Add the currency to the settlement report' && git log --oneline -1",
    )
    words = "The report now has one line for each day, merchant and currency.\n\n/complete"
    return claude.say(words).end(words, cost=1.13, turns=14)


def refunds(number: int) -> Claude:
    """Three tries that all miss the point."""
    claude = Claude().say(
        "I will find out how a refund is sent to the gateway."
        if number == 1
        else f"The checks of attempt {number - 1} say that the whole amount still goes to the card."
    )
    todo = [
        {"content": "Read refund()", "status": "completed", "activeForm": "Reading"},
        {"content": "Split by source", "status": "in_progress", "activeForm": "Splitting"},
    ]
    claude.use("TodoWrite", "Todos have been modified successfully.", todos=todo)
    claude.use("Read", REFUNDS, file_path="/repository/payments/refunds.py")
    claude.use(
        "Bash",
        texts.PYTEST.replace("E  ", "\x1b[31mE\x1b[0m  "),
        is_error=True,
        command="pytest -q",
        timeout=120_000,
    )
    if number == 2:
        claude.overloaded()
    claude.use(
        "Edit",
        "<tool_use_error>String to replace not found in file.</tool_use_error>",
        is_error=True,
        file_path="/repository/payments/refunds.py",
        old_string='    gateway.refund("card", total)',
        new_string='    gateway.refund("card", min(total, payment.card))',
    )
    claude.use(
        "Write",
        "File created.",
        file_path="/repository/payments/splits.py",
        content="def parts(payment):\n    return []\n",
    )
    claude.use(
        "Bash",
        "a41c0de Refund the card first",
        command="git commit -qam 'Refund the card first'; git log --oneline -1",
    )
    words = f"The card is refunded first now (try {number}). <b>Not bold</b>\n\n/complete"
    return claude.say(words).end(words, cost=2.4 + number / 10, turns=20 + number)


def question() -> Claude:
    claude = Claude().use("Read", "RATES = {}\n", file_path="/repository/finance/rates.py")
    words = f"{texts.QUESTION}\n\n/needs-human"
    return claude.say(words).end(words, cost=0.42, turns=5)


def limited() -> Claude:
    claude = Claude().say("I will reproduce the race with two threads.").overloaded()
    words = "Claude AI usage limit reached"
    return claude.end(words, cost=0.31, turns=3, is_error=True)


def codex_fix() -> Codex:
    codex = Codex().think("**Planning** The totals hook is called behind an early return.")
    codex.say("I will run the linter first.")
    codex.run("npm run lint", texts.ESLINT, 1)
    codex.change(src__cart__Totals="update", src__cart__discounts="add")
    codex.run("npm run lint -- --fix", texts.ESLINT, 1)
    codex.run(
        "git commit -qam 'Call the hook at the top' && git log --oneline -1",
        "f08a701 Call the hook at the top\n",
    )
    return codex.say("The hook is called at the top now.\n\n/complete").end()
