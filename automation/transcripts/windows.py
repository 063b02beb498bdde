"""Which events a reply holds: the last ones before a position, or the next ones from it, never a whole log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from automation.transcripts.events import events_of, gap, joined, with_gaps
from automation.transcripts.kinds import Kind, Show, Shown
from automation.transcripts.positions import Entry, entries_before, entries_from

WANTED = 200
PAGE_BYTES = 1 << 20
REPLY_BYTES = 64_000
LOOK_BACK_BYTES = 1 << 18


@dataclass(frozen=True)
class Window:
    """`first` and `end` are the positions that the events lie between, `end` excluded."""

    events: list[Shown]
    first: int
    end: int
    has_earlier: bool


def last_events(path: Path, agent: str, *, before: int | None = None, show: Show = Show.ALL) -> Window:
    """The last 200 events of the wanted kind, or fewer when they are long or far between."""
    entries: list[Entry] = []
    kept = size = 0
    has_earlier = False
    for entry in entries_before(path, before):
        if kept >= WANTED or size >= PAGE_BYTES:
            has_earlier = True
            break
        entries.append(entry)
        size += entry.size
        kept += sum(event.is_in(show) for event in events_of(entry, agent))
    entries.reverse()
    first = entries[0].n if entries else 0
    end = entries[-1].n + 1 if entries else 0
    events = [event for event in joined(with_gaps(entries, agent)) if event.is_in(show)]
    if before is not None and end < before and (entries or not has_earlier):
        events.append(gap(end, before))
    return Window(events, first, end, has_earlier)


def next_entries(path: Path, position: int, *, limit: int = REPLY_BYTES) -> Iterator[Entry]:
    """The entries from `position` on that fit in a reply, at least one if there is any."""
    size = 0
    for entry in entries_from(path, position):
        if size and size + entry.size > limit:
            break
        yield entry
        size += entry.size


def next_events(path: Path, agent: str, position: int, *, calls_too: bool) -> tuple[list[Shown], int]:
    """What follows `position`, and the position after it. With `calls_too` a result comes inside its call,
    also when that lies a little before `position`: it then takes the place of the event that was shown.
    """
    entries = list(next_entries(path, position))
    events = list(with_gaps(entries, agent, begin=position))
    end = entries[-1].n + 1 if entries else position
    if not calls_too:
        return events, end
    events = joined(events)
    lost = {event.call for event in events if event.kind == Kind.RESULT and event.call}
    return (joined([*_calls(path, agent, position, lost), *events]) if lost else events), end


def _calls(path: Path, agent: str, position: int, wanted: set[str]) -> Sequence[Shown]:
    size, found = 0, []
    for entry in entries_before(path, position):
        for event in events_of(entry, agent):
            if event.kind == Kind.TOOL and event.call in wanted:
                wanted = wanted - {event.call}
                found.append(event)
        size += entry.size
        if not wanted or size > LOOK_BACK_BYTES:
            break
    return found[::-1]
