"""Bringing a project's rows, this host's workspace and GitHub together again after whatever went by unnoticed.

`snapshot` reads what is, `remote` asks GitHub now and then, `decisions` says what is to be done, `applying` does it.
"""

from __future__ import annotations
