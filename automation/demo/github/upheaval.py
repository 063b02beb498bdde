"""What owners do to a repository that others rely on: rename, archive, delete, move issues and branches about."""

from __future__ import annotations

from automation.demo.github.desk import Desk, Named
from automation.demo.github.state import Pull


class Upheaval(Desk):
    """A desk at which everything may be turned upside down."""

    def rename_repository(self, named: Named, full_name: str) -> None:
        """The old name leads to the new one until another repository takes it."""
        with self._lock:
            repo = self.repository(named)
            del self._ledger.repositories[repo.full_name.lower()]
            self._ledger.former_names[repo.full_name.lower()] = repo.id
            place = self._root / f"{full_name}.git"
            place.parent.mkdir(exist_ok=True)
            repo.full_name, repo.bare.path = full_name, repo.bare.path.rename(place)
            self._ledger.repositories[full_name.lower()] = repo

    def delete_repository(self, named: Named) -> None:
        with self._lock:
            del self._ledger.repositories[self.repository(named).full_name.lower()]

    def archive(self, named: Named, *, archived: bool = True) -> None:
        with self._lock:
            self.repository(named).archived = archived

    def rename_branch(self, named: Named, old: str, new: str) -> None:
        """The default branch keeps being it under its new name, and open pull requests follow their base."""
        with self._lock:
            repo = self.repository(named)
            repo.bare.git("branch", "--move", old, new)
            if repo.default_branch == old:
                repo.default_branch = new
            for issue in repo.issues.values():
                if issue.pull and issue.state == "open" and issue.pull.base_ref == old:
                    issue.pull.base_ref = new

    def delete_branch(self, named: Named, branch: str) -> None:
        with self._lock:
            self.repository(named).bare.git("update-ref", "-d", f"refs/heads/{branch}")

    def delete_issue(self, named: Named, number: int) -> None:
        with self._lock:
            repo = self.repository(named)
            del repo.issues[number]
            repo.left[number] = None
            repo.version += 1

    def transfer_issue(self, named: Named, number: int, to: Named) -> int:
        """The issue with a new number in another repository; its old address leads there."""
        with self._lock:
            repo, target = self.repository(named), self.repository(to)
            issue = repo.issues.pop(number)
            issue.number = max([*target.issues, *target.left], default=0) + 1
            target.issues[issue.number] = issue
            repo.left[number] = (target.id, issue.number)
            repo.version += 1
            self._ledger.touch(target, issue)
            return issue.number

    def convert_to_draft(self, named: Named, number: int) -> None:
        with self._lock:
            self._pull(named, number).draft = True
            self._ledger.touch(self.repository(named), self.issue(named, number))

    def change_base(self, named: Named, number: int, base: str) -> None:
        with self._lock:
            self._pull(named, number).base_ref = base
            self._ledger.touch(self.repository(named), self.issue(named, number))

    def _pull(self, named: Named, number: int) -> Pull:
        pull = self.issue(named, number).pull
        if pull is None:
            raise LookupError(f"#{number} is no pull request")
        return pull
