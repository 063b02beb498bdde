"""What a path alone tells."""

from __future__ import annotations

import pytest

from issues.layout import has_tests, is_test


@pytest.mark.parametrize(
    "path",
    [
        *("test_app.py", "app_test.go", "shop/tests.py", "tests/flows.py", "src/__tests__/a.js", "a.spec.ts"),
        *("a.test.tsx", "src/test/java/UserTest.java", "UserTests.cs", "UserSpec.scala", "spec/user_spec.rb"),
        *("t/basic.t", "cli.bats", "TEST_app.PY", "list-test.c", "OrderIT.java"),
    ],
)
def test_files_are_known_as_tests_by_the_usual_names(path):
    assert is_test(path)
    assert has_tests(["README.md", path])


@pytest.mark.parametrize(
    "path",
    [
        *("latest.py", "contest.js", "manifest.json", "attestation.go", "Contest.java", "tests/__init__.py"),
        *("tests/data/sample.json", "conftest.py", "node_modules/a/a.test.js", "docs/testing.md", "test"),
        *("contest/a.py", "vendor/a/src/lib.rs"),
    ],
)
def test_files_that_only_sound_like_tests_are_none(path):
    assert not is_test(path)
    assert not has_tests([path])


def test_code_of_rust_may_hold_its_tests_and_is_no_test_file():
    assert has_tests(["src/lib.rs"])
    assert not is_test("src/lib.rs")
