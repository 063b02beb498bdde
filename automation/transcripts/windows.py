"""Which events a reply holds: the last ones before a position, or the next ones from it, never a whole log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from automation.transcripts.events import events_of, gap, joined, with_gaps
from automation.transcripts.kinds import Kind, Show, Shown
from automation.transcripts.positions import Entry, entries_before, entries_from

Item = TypeVar("Item")
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
    entries: list[tuple[Entry, list[Shown]]] = []
    kept = size = 0
    has_earlier = False
    for entry in entries_before(path, before):
        if kept >= WANTED or size >= PAGE_BYTES:
            has_earlier = True
            break
        found = events_of(entry, agent)
        entries.append((entry, found))
        size += entry.size
        kept += sum(event.is_in(show) for event in found)
    entries.reverse()
    first = entries[0][0].n if entries else 0
    end = entries[-1][0].n + 1 if entries else 0
    events = [event for event in joined(with_gaps(entries)) if event.is_in(show)]
    if before is not None and end < before and (entries or not has_earlier):
        events.append(gap(end, before))
    return Window(events, first, end, has_earlier)


@dataclass(frozen=True)
class Reply:
    """`end` is the position to ask from next, `is_last` says that nothing lies behind it yet."""

    events: list[Shown]
    end: int
    is_last: bool

    def only(self, show: Show) -> Reply:
        return replace(self, events=[event for event in self.events if event.is_in(show)])

    def filled(
        self, render: Callable[[Shown], Item], size_of: Callable[[Item], int]
    ) -> tuple[list[Item], Reply]:
        """What is made of the events that fit in a reply, those of one entry at least, and the reply with these."""
        done: list[tuple[int, Item]] = []
        size = 0
        for event in self.events:
            item = render(event)
            size += size_of(item)
            if done and size > REPLY_BYTES and event.position > done[0][0]:
                kept = [item for position, item in done if position < event.position]
                return kept, replace(self, end=event.position, is_last=False)
            done.append((event.position, item))
        return [item for _, item in done], self


def next_events(path: Path, agent: str, position: int, *, calls_too: bool) -> Reply:
    """What follows `position`, in entries of 64 kB at most, or one. With `calls_too` a result comes inside its
    call, also when that lies a little before `position`: it takes the place of the event that was shown.
    """
    entries, is_last = _fitting(entries_from(path, position))
    events = list(with_gaps(((entry, events_of(entry, agent)) for entry in entries), begin=position))
    end = entries[-1].n + 1 if entries else position
    if calls_too:
        events = joined(events)
        lost = {event.call for event in events if event.kind == Kind.RESULT and event.call}
        events = joined([*_calls(path, agent, position, lost), *events]) if lost else events
        events = [replace(event, before=position) for event in events]
        events.sort(key=lambda event: event.position)
    return Reply(events, end, is_last)


def _fitting(entries: Iterator[Entry]) -> tuple[list[Entry], bool]:
    found: list[Entry] = []
    size = 0
    for entry in entries:
        if found and size + entry.size > REPLY_BYTES:
            return found, False
        found.append(entry)
        size += entry.size
    return found, True


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
