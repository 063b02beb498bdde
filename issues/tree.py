"""The files of one commit, indexed once by name, so that a look-up does not depend on their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from issues.layout import CONFIGS, has_tests, is_test, is_typescript, test_names, type_names

AMBIGUOUS = 3  # a bare file name that occurs more often names the three nearest to the root
TESTS_OF_ONE = 2
CONFIGS_SHOWN = 10


class Tree:
    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        for path in paths:
            self._by_name[path.rpartition("/")[2].lower()].append(path)

    def named(self, reference: str) -> list[str]:
        """The files that `reference` (a path as somebody wrote it, perhaps of another machine) can mean."""
        wanted = reference.split("/")[::-1]
        agreeing: defaultdict[int, list[str]] = defaultdict(list)
        for path in self._by_name.get(wanted[0].lower(), ()):
            parts = path.split("/")[::-1]
            same = _common(wanted, parts)
            if same >= 2 or same in {len(wanted), len(parts)}:
                agreeing[same].append(path)
        return _nearest(agreeing[max(agreeing)], AMBIGUOUS) if agreeing else []

    def tests_of(self, path: str) -> list[str]:
        """Tests by the usual names, and files of the same name in a folder of tests, the nearest first."""
        names = (*test_names(path), path.rpartition("/")[2])
        found = (candidate for name in names for candidate in self._by_name.get(name.lower(), ()))
        tests = {candidate for candidate in found if is_test(candidate) and candidate != path}
        folders = path.split("/")[:-1]
        return sorted(tests, key=lambda test: (-_common(folders, test.split("/")), test))[:TESTS_OF_ONE]

    def types_of(self, path: str) -> list[str]:
        if not is_typescript(path):
            return []
        folder = path.rpartition("/")[0]
        places = [f"{folder}/{name}".lstrip("/") for name in type_names(path)]
        return [place for place in places if place != path and self.holds(place)]

    def configs(self, beside: Iterable[str]) -> list[str]:
        """Configuration at the root and in the folders above the files in `beside`."""
        folders = {"": None}
        for path in beside:
            while path := path.rpartition("/")[0]:
                folders.setdefault(path)
        places = [f"{folder}/{name}".lstrip("/") for folder in folders for name in CONFIGS]
        return [place for place in places if self.holds(place)][:CONFIGS_SHOWN]

    def has_tests(self) -> bool:
        return has_tests(self.paths)

    def holds(self, path: str) -> bool:
        return path in self._by_name.get(path.rpartition("/")[2].lower(), ())


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """How many items both begin with."""
    same = 0
    for left, right in zip(first, second, strict=False):
        if left.lower() != right.lower():
            break
        same += 1
    return same


def _nearest(paths: Iterable[str], number: int) -> list[str]:
    return sorted(paths, key=lambda path: (path.count("/"), path))[:number]
