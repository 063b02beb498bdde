"""The scene's repository: a bare mirror with a base, and a feature branch that a Diff tab can show."""

from __future__ import annotations

from pathlib import Path

from automation.demo.github.bare import BareRepository
from issues.models import IssueSession
from projects.models import Project

REPORT = '''"""The daily settlement report."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

HEADER = ("date", "merchant", "amount")


def rows(payments):
    """One row for each merchant and day, the largest amount first."""
    totals = defaultdict(Decimal)
    for payment in payments:
        totals[payment.settled_on, payment.merchant] += payment.amount
    ordered = sorted(totals.items(), key=lambda item: -item[1])
    return [(day, merchant, amount) for (day, merchant), amount in ordered]


def as_csv(payments):
    lines = [",".join(HEADER)]
    for day, merchant, amount in rows(payments):
        lines.append(f"{day:%Y-%m-%d},{merchant},{amount:.2f}")
    return "\\n".join(lines) + "\\n"
'''
REPORT_WITH_CURRENCY = (
    REPORT.replace('"merchant", "amount")', '"merchant", "currency", "amount")')
    .replace("One row for each merchant and day,", "One row for each merchant, currency and day,")
    .replace("payment.merchant] +=", "payment.merchant, payment.currency] +=")
    .replace("[(day, merchant, amount) for (day, merchant), amount", "[(*key, amount) for key, amount")
    .replace("for day, merchant, amount in rows", "for day, merchant, currency, amount in rows")
    .replace("{merchant},{amount:.2f}", "{merchant},{currency},{amount:.2f}")
)
TEST = """from payments.report import as_csv
from tests.factories import payment


def test_amounts_of_a_day_are_added():
    text = as_csv([payment(amount="10.00"), payment(amount="2.50")])
    assert text.splitlines()[1].endswith("12.50")
"""
TEST_WITH_CURRENCY = (
    TEST
    + """

def test_currencies_are_never_added_together():
    text = as_csv([payment(amount="10.00", currency="EUR"), payment(amount="9.00", currency="CHF")])
    assert [line.split(",")[2:] for line in text.splitlines()[1:]] == [["EUR", "10.00"], ["CHF", "9.00"]]


def test_the_header_names_the_currency():
    assert as_csv([]) == "date,merchant,currency,amount\\n"
"""
)
README = "# payments-api\n\nTakes payments, refunds them, and tells the accountants.\n"
BASE = {
    "README.md": README,
    "payments/__init__.py": "",
    "payments/report.py": REPORT,
    "payments/legacy_totals.py": "def total(values):\n    return sum(values)\n",
    "tests/test_report.py": TEST,
    "static/app.css": "body { margin: 0 }\n",
}
FEATURE: dict[str, str | bytes | None] = {
    "payments/report.py": REPORT_WITH_CURRENCY,
    "tests/test_report.py": TEST_WITH_CURRENCY,
    "payments/legacy_totals.py": None,
    "docs/settlement.md": "# Settlement report\n\nOne line for each day, merchant and **currency**.\n",
    "docs/report.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00",
    "static/app.css": "body { margin: 0 }\n" + ".r{" + "color:red;" * 120 + "}\n",
    "payments/<img src=x>\u202egnp.py": "EVIL = '<script>alert(1)</script>'\n",
}


class MirrorOnDisk:
    """What the workers would have fetched and imported."""

    def __init__(self, project: Project) -> None:
        self.bare = BareRepository.create(Path(project.mirror_path), "main")
        self.base = self._commit("refs/heads/main", "Report settlements daily", BASE, day=0)
        self.drafts = (
            self._add("Report amounts by currency", "payments/report.py"),
            self._add("Test that currencies are kept apart", "tests/test_report.py"),
        )
        self.feature = self._add("Add the currency to the settlement report", *FEATURE)

    def _add(self, subject: str, *paths: str) -> str:
        return self._commit(
            "refs/heads/feature/issue-128", subject, {path: FEATURE[path] for path in paths}, day=1
        )

    def import_head(self, session: IssueSession) -> None:
        self.bare.git("update-ref", f"refs/autowrkers/sessions/{session.pk}", session.head_sha)

    def _commit(self, ref: str, subject: str, files: dict[str, str | bytes | None], *, day: int) -> str:
        stream = bytearray(f"commit {ref}\n".encode())
        stream += f"committer Ada Archer <ada@example.com> {1767225600 + 86400 * day} +0000\n".encode()
        stream += f"data {len(subject)}\n{subject}\n".encode()
        if day:
            stream += f"from {self.bare.resolve(ref) or self.base}\n".encode()
        for path, content in files.items():
            if content is None:
                stream += f"D {path}\n".encode()
                continue
            data = content.encode() if isinstance(content, str) else content
            stream += f'M 100644 inline "{path}"\n'.encode() + f"data {len(data)}\n".encode() + data + b"\n"
        self.bare.git("fast-import", "--quiet", stdin=bytes(stream))
        return self.bare.git("rev-parse", ref).strip()
