"""Which sessions a mirror keeps commits for, read from its files: it is asked often, and git takes a while to start."""

from __future__ import annotations

from pathlib import Path

OF_SESSIONS = ("refs/autowrkers/sessions", "refs/autowrkers/keep")


def sessions_kept(mirror: Path) -> set[int]:
    """By loose and by packed refs. A mirror that is not there keeps none."""
    names = [path.name for kind in OF_SESSIONS for path in (mirror / kind).glob("*")]
    packed = mirror / "packed-refs"
    if packed.exists():
        for line in packed.read_text(errors="replace").splitlines():
            folder, _, name = line.rpartition(" ")[2].rpartition("/")
            names += [name] if folder in OF_SESSIONS else []
    return {int(name) for name in names if name.isdigit()}
