"""The demo's repository: a small Python package with two real bugs and the tests that show them.

The tests of the known bugs are marked as expected failures, so the suite is green until someone takes a
marker off. History and dates are fixed, and so are the commits' SHAs.
"""

from __future__ import annotations

from automation.demo.github.bare import BareRepository

LINT_COMMAND = "python3 -m compileall -q calc tests"
TEST_COMMAND = "python3 -m unittest"
BUILD_COMMAND = "python3 -m py_compile calc/__init__.py calc/averages.py calc/bills.py"

README = """# calc

Small sums for everyday use: averages, and bills that several people share.

    python3 -m unittest
"""

AVERAGES = '''"""Averages of a list of numbers."""


def mean(values):
    """The sum of the values divided by their number."""
    if not values:
        raise ValueError("no values")
    return sum(values) / len(values)


def median(values):
    """The middle one of the sorted values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
'''

TEST_AVERAGES = """import unittest

from calc.averages import mean, median


class MeanTest(unittest.TestCase):
    def test_mean(self):
        self.assertEqual(mean([1, 2, 6]), 3)

    def test_no_values(self):
        with self.assertRaises(ValueError):
            mean([])


class MedianTest(unittest.TestCase):
    def test_odd_number_of_values(self):
        self.assertEqual(median([9, 1, 5]), 5)

    @unittest.expectedFailure
    def test_even_number_of_values(self):
        self.assertEqual(median([1, 2, 3, 4]), 2.5)
"""

BILLS = '''"""Shared bills, in whole cents."""


def split(total, people):
    """What each of the people pays."""
    if people < 1:
        raise ValueError("nobody to pay")
    return [total // people] * people
'''

TEST_BILLS = """import unittest

from calc.bills import split


class SplitTest(unittest.TestCase):
    def test_divides_evenly(self):
        self.assertEqual(split(900, 3), [300, 300, 300])

    @unittest.expectedFailure
    def test_no_cent_is_lost(self):
        self.assertEqual(sum(split(1000, 3)), 1000)

    @unittest.expectedFailure
    def test_nobody_pays_two_cents_more(self):
        self.assertEqual(split(1001, 3), [334, 334, 333])
"""

COMMITS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "Alice Archer",
        "Start the package",
        {
            "README.md": README,
            ".gitignore": "__pycache__/\n",
            "calc/__init__.py": '"""Small sums for everyday use."""\n',
            "tests/__init__.py": "",
        },
    ),
    (
        "Alice Archer",
        "Add mean and median",
        {"calc/averages.py": AVERAGES, "tests/test_averages.py": TEST_AVERAGES},
    ),
    ("Bob Baker", "Split bills between people", {"calc/bills.py": BILLS, "tests/test_bills.py": TEST_BILLS}),
)


def fill(bare: BareRepository, branch: str = "main") -> str:
    """Write the history into an empty bare repository and answer the branch's SHA."""
    stream = bytearray()
    for number, (author, subject, files) in enumerate(COMMITS):
        email = author.split()[0].lower() + "@example.com"
        stream += f"commit refs/heads/{branch}\n".encode()
        stream += f"committer {author} <{email}> {1767225600 + 86400 * number} +0000\n".encode()
        stream += _data(subject + "\n")
        for path, content in files.items():
            stream += f"M 100644 inline {path}\n".encode() + _data(content)
    bare.git("fast-import", "--quiet", stdin=bytes(stream))
    return bare.branches()[branch]


def _data(text: str) -> bytes:
    content = text.encode()
    return f"data {len(content)}\n".encode() + content + b"\n"
