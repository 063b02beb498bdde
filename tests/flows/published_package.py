"""A real package with a real bug: the release as it was published, its issue, and the next release's fix.

What `parse` 1.18.0 corrected in 1.17.0: a parser for `{:d}` keeps the base of the first number it has seen.
"""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import dataclass
from pathlib import Path

from automation.demo.github.bare import BareRepository

DATA = Path(__file__).parents[1] / "data" / "packages" / "parse-1.17.0"
SHA256 = "c7806139a481ec8c8336a54418894c8b201314f8ecc63e55f438f4b72bdc4485"
REPOSITORY = "acme/parse"
MODULE, TESTS = "parse.py", "test_parse.py"
# What the author's repository holds of the archive; the rest is made when the archive is built.
FILES = ("LICENSE", "MANIFEST.in", "README.rst", MODULE, "setup.py", TESTS)
TEST_COMMAND = "python3 -m unittest"
NEW_TEST = "test_int_convert_stateless_base"
BROKEN_TEST = "test_numbers"  # of 1.17.0's own: it fails once the base is detected where one was given

TITLE = "{:d} misreads binary and hexadecimal numbers after a decimal one"
BODY = """A compiled parser answers differently depending on what it has parsed before:

```python
>>> parser = parse.Parser("{:d}")
>>> parser.parse("1234")[0]
1234
>>> parser.parse("0b1011")[0]
1011
```

The second answer should be 11, as a new parser gives it. This worked before 1.16.0, when `int_convert` became a
class so that parsers can be pickled. It seems to keep the base that it detected.
"""


@dataclass(frozen=True)
class Edit:
    """One replacement in one file, in the form that editing tools want."""

    path: str
    old: str
    new: str


def fill(bare: BareRepository) -> None:
    """Commit the published files to the branch main of an empty repository."""
    message = "Release 1.17.0\n"
    stream = f"commit refs/heads/main\ncommitter Alice Archer <alice@example.com> 1598659200 +0000\n{_data(message)}"
    for path, content in published_files().items():
        stream += f"M 100644 inline {path}\n{_data(content)}"
    bare.git("fast-import", "--quiet", stdin=stream.encode())


def published_files() -> dict[str, str]:
    archive = DATA / "parse-1.17.0.tar.gz"
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256
    found = {}
    with tarfile.open(archive) as members:
        for path in FILES:
            member = members.extractfile(f"parse-1.17.0/{path}")
            assert member is not None
            found[path] = member.read().decode()
    return found


def upstream_edit(path: str) -> Edit:
    """What 1.18.0 changed in this file."""
    _, _, rest = (DATA / "parse-1.18.0.patch").read_text().partition(f"+++ b/{path}\n@@")
    lines = rest.partition("\n--- a/")[0].splitlines(keepends=True)[1:]
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    return Edit(path, old.rstrip("\n"), new.rstrip("\n"))


def hasty_edit() -> Edit:
    """A plausible mistake: the new test passes, and a number in a given base is now misread."""
    condition = "        if self.base is None"
    return Edit(MODULE, f"{condition}:", f"{condition} or string[number_start] == '0':")


def correcting_edit() -> Edit:
    """From the mistake to what 1.18.0 has."""
    hasty, right = hasty_edit(), upstream_edit(MODULE)
    return Edit(MODULE, right.old.replace(hasty.old, hasty.new), right.new)


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
