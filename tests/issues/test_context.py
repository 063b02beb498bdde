"""What of a repository is put beside an issue, and how much of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from issues.context import build
from issues.search import BYTES_READ, FILES_READ


@dataclass(frozen=True)
class Commit:
    sha: str
    subject: str


class Memory:
    """A repository held in memory, which counts what is read of it."""

    def __init__(self, files, commits=()):
        self.files, self.commits, self.read, self.asked = files, commits, [], []

    def list_files(self, sha):
        return list(self.files)

    def read_file(self, sha, path, *, max_bytes):
        self.read.append(path)
        return self.files[path][:max_bytes]

    def recent_commits(self, sha, paths, *, limit):
        self.asked.append(paths)
        return list(self.commits)[:limit]


SHOP = {
    "README.md": b"A shop.\n",
    "pyproject.toml": b"[project]\n",
    "shop/__init__.py": b"",
    "shop/cart.py": b"# filler\n" * 60
    + b"def add_item(cart, item):\n    raise CartError('the cart is locked')\n",
    "shop/login.py": b"def login():\n    return add_item\n",
    "shop/logo.png": b"\x89PNG\0\0",
    "tests/test_cart.py": b"def test_cart(): ...\n",
    "tests/login.py": b"import shop\n",
    "web/package.json": b"{}",
    "web/src/form.tsx": b"export const Form = 1\n",
    "web/src/form.test.tsx": b"test()\n",
    "web/src/__tests__/form.tsx": b"test()\n",
    "web/src/types.ts": b"export type Form = {}\n",
    "go/pay.go": b"package pay\nfunc (p *Pay) Refund() {}\n",
    "go/pay_test.go": b"package pay\n",
}


def related(text, files=None, budget_bytes=50_000):
    found = build(text, Memory(files or SHOP), "abc", budget_bytes=budget_bytes)
    return {file.path: file.why for file in found.files}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (
            "crash in shop/login.py",
            {"shop/login.py": "named in the issue", "tests/login.py": "tests of shop/login.py"},
        ),
        (
            'File "/srv/app/shop/cart.py", line 3',
            {"shop/cart.py": "named in the issue", "tests/test_cart.py": "tests of shop/cart.py"},
        ),
        ("see pay.go", {"go/pay.go": "named in the issue", "go/pay_test.go": "tests of go/pay.go"}),
        ("other/lib/cart.py is not ours", {}),
        ("Nothing here names code", {}),
    ],
)
def test_a_file_named_in_the_issue_comes_with_its_tests(text, paths):
    assert related(text) == paths


def test_typescript_comes_with_its_types_and_both_kinds_of_tests():
    assert set(related("web/src/form.tsx is broken")) == {
        "web/src/form.tsx",
        "web/src/form.test.tsx",
        "web/src/__tests__/form.tsx",
        "web/src/types.ts",
    }


def test_the_definition_of_a_symbol_comes_before_a_mention_of_it():
    found = related("`add_item` loses items, not `cart_total`")
    assert list(found.items())[:2] == [
        ("shop/cart.py", "defines add_item"),
        ("shop/login.py", "mentions add_item"),
    ]


def test_a_definition_outweighs_mentions_wherever_it_lies():
    files = {"a.py": b"do_it()\n", "b.py": b"do_it()\n", "z.py": b"def do_it(): ...\n"}
    assert list(related("`do_it` fails", files)) == ["z.py", "a.py", "b.py"]


def test_a_part_of_a_longer_name_is_no_mention():
    assert related("`do_it` fails", {"a.py": b"do_it_all()\ndef do_it2(): ...\n"}) == {}


def test_the_search_ends_when_everything_asked_for_is_found():
    history = Memory({f"m{n}.py": b"def do_it(): ...\n" for n in range(50)})
    build("`do_it` fails", history, "abc", budget_bytes=9000)
    assert history.read == ["m0.py"]


def test_files_named_in_the_issue_are_searched_first():
    history = Memory({f"m{n}.py": b"def do_it(): ...\n" for n in range(50)})
    build("`do_it` in m7.py fails", history, "abc", budget_bytes=9000)
    assert history.read == ["m7.py"]


def test_of_many_tests_with_one_name_the_nearest_are_taken():
    files = {f"{part}/{name}": b"" for part in "abcd" for name in ("cart.py", "tests/test_cart.py")}
    assert list(related("d/cart.py", files))[:2] == ["d/cart.py", "d/tests/test_cart.py"]


def test_a_method_of_go_is_a_definition():
    assert related("calling Refund() twice")["go/pay.go"] == "defines Refund"


def test_the_text_of_an_error_leads_to_the_file_that_raises_it():
    text = "I see:\nshop.errors.ServerError: the cart is locked\n"
    assert related(text)["shop/cart.py"] == "holds the text of the error"


def test_the_excerpt_shows_the_definition_that_lies_deep_in_the_file():
    files = SHOP | {"shop/cart.py": b"# filler\n" * 2000 + b"def add_item(): ...\n"}
    excerpt = build("`add_item`", Memory(files), "abc", budget_bytes=9000).files[0].excerpt
    assert excerpt.splitlines() == ["# filler"] * 8 + ["def add_item(): ..."]


def test_a_binary_file_has_no_excerpt():
    files = SHOP | {"shop/cart.py": b"\x7fELF\0\0"}
    assert build("shop/cart.py", Memory(files), "abc", budget_bytes=9000).files[0].excerpt == ""


def test_commits_on_the_related_files_are_shown_in_one_line_each():
    history = Memory(SHOP, [Commit("0123456789abcdef", "Lock\x1b[31m the\ncart")])
    assert build("shop/cart.py", history, "abc", budget_bytes=9000).recent_commits == (
        "0123456789 Lock the cart",
    )
    assert history.asked == [["shop/cart.py", "tests/test_cart.py"]]


def test_no_commits_are_asked_for_when_nothing_is_related():
    history = Memory(SHOP, [Commit("0123", "x")])
    assert build("Nothing", history, "abc", budget_bytes=9000).recent_commits == ()


def test_configuration_is_taken_from_the_root_and_from_above_the_related_files():
    assert build("web/src/form.tsx", Memory(SHOP), "a", budget_bytes=9000).configs == (
        "pyproject.toml",
        "web/package.json",
    )
    assert build("Nothing", Memory(SHOP), "a", budget_bytes=9000).configs == ("pyproject.toml",)


@pytest.mark.parametrize(("path", "found"), [("src/FooTest.java", True), ("tests/__init__.py", False)])
def test_it_says_whether_the_repository_has_tests(path, found):
    assert build("x", Memory({path: b""}), "a", budget_bytes=100).has_tests is found


@pytest.mark.parametrize("budget", [0, 30, 500, 2000])
def test_the_budget_holds(budget):
    history = Memory(SHOP, [Commit("0123456789", "Subject")])
    found = build("shop/cart.py and `add_item`", history, "abc", budget_bytes=budget)
    size = sum(len(text) for file in found.files for text in (file.path, file.why, file.excerpt))
    assert size + sum(map(len, found.configs + found.recent_commits)) <= budget


def test_a_large_repository_is_searched_in_part_and_fast():
    files = {f"src/part{n % 100}/module_{n}.py": b"x = 1\n" * 20 for n in range(100_000)}
    files["src/part7/deeper/durations.py"] = b"def parse_durations(): ...\n"
    history = Memory(files)
    began = time.process_time()
    found = build("`parse_durations` is wrong in module_77.py", history, "abc", budget_bytes=20_000)
    assert time.process_time() - began < 10  # about 0.7 on a quiet machine
    assert [file.path for file in found.files] == ["src/part77/module_77.py", "src/part7/deeper/durations.py"]
    assert len(history.read) <= FILES_READ + 2


def test_huge_files_are_read_in_part_and_end_the_search():
    history = Memory({f"m{n:03}.py": b"y" * 1_000_000 for n in range(100)})
    build("`some_name`", history, "abc", budget_bytes=20_000)
    assert len(history.read) * 200_000 == BYTES_READ
