"""What a person is shown of a transcript's entries, as data: nothing is dropped, secrets are masked again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from automation.agents import jsonlines as read
from automation.agents.base import Outcome
from automation.agents.events import Event, Finished, Retry, Started
from automation.agents.registry import ADAPTERS
from automation.transcripts import claude, codex
from automation.transcripts.kinds import Kind, Shown
from automation.transcripts.positions import Entry
from projects.columns import spelled

FAILURES = frozenset(Outcome) - {Outcome.DONE, Outcome.ASKED}
MOST_PARTS = 20  # events of one entry; an agent prints one or two


def events_of(entry: Entry, agent: str) -> list[Shown]:
    """The events of one entry, at least one."""
    found = _events(entry, agent)
    if len(found) > MOST_PARTS:
        words = f"{len(found) - MOST_PARTS + 1} more parts of this entry are in the full text."
        found = [*found[: MOST_PARTS - 1], Shown(Kind.NOTE, text=words)]
    return [event.of_entry(entry.n, part, entry.at) for part, event in enumerate(found)]


def joined(events: Iterable[Shown]) -> list[Shown]:
    """Each result inside its call, if that is among the events before it."""
    done: list[Shown] = []
    calls: dict[str, int] = {}
    for event in events:
        at = calls.pop(event.call, None) if event.kind == Kind.RESULT else None
        if at is not None:
            done[at] = replace(done[at], result=event)
            continue
        if event.kind == Kind.TOOL and event.call:
            calls[event.call] = len(done)
        done.append(event)
    return done


def gap(begin: int, end: int) -> Shown:
    """The entries from `begin` to before `end` are not in the transcript."""
    return Shown(Kind.GAP, text=f"… {end - begin:,} entries were left out …", n=begin)


def with_gaps(
    entries: Iterable[tuple[Entry, Sequence[Shown]]], *, begin: int | None = None
) -> Iterator[Shown]:
    """The events of all entries, and what is missing between them or since `begin`."""
    expected = begin
    for entry, events in entries:
        if expected is not None and entry.n > expected:
            yield gap(expected, entry.n)
        expected = entry.n + 1
        yield from events


def _events(entry: Entry, agent: str) -> list[Shown]:
    if entry.is_cut:
        return [Shown(Kind.OTHER, name=f"an entry of {entry.size:,} bytes")]
    if entry.stream == "stderr":
        return [Shown(Kind.STDERR, text=entry.line)]
    if entry.stream == "note":
        return [_note(entry.line)]
    data = read.decode(entry.line.encode("utf-8", "replace")) if agent != "command" else {}
    if not data:
        return [Shown(Kind.OUTPUT, text=entry.line)]
    shown = list((codex if agent == "codex" else claude).shown_of(data))
    if not shown and agent in ADAPTERS:
        parsed = ADAPTERS[agent].parse(entry.line.encode("utf-8", "replace"))
        shown = [event for each in parsed if (event := _plain(each)) is not None]
    return shown or [Shown(Kind.OTHER, name=_name(data), text=claude.as_json(data))]


def _note(line: str) -> Shown:
    """Ours, beginning with the outcome's code where it tells how the agent ended."""
    code, colon, rest = line.partition(":")
    words = spelled(code) if code in frozenset(Outcome) else code
    return Shown(Kind.NOTE, text=f"{words}{colon}{rest}", is_error=code in FAILURES)


def _plain(event: Event) -> Shown | None:
    """None for what is part of a message or a tool's use."""
    match event:
        case Started():
            words = (event.model, event.version and f"version {event.version}")
            return Shown(Kind.STARTED, detail=", ".join(filter(None, words)))
        case Retry():
            status = f"status {event.status}" if event.status else ""
            cause = "" if event.message == "unknown" else event.message
            return Shown(Kind.RETRY, text=cause, detail=status, is_error=True)
        case Finished():
            return Shown(
                Kind.FINISHED,
                name="" if event.is_error and event.reason == "success" else event.reason,
                text=event.text,
                detail=_account(event),
                is_error=event.is_error,
            )
    return None


def _account(event: Finished) -> str:
    usage = event.usage
    parts = [
        f"{event.turns:,} turn{'' if event.turns == 1 else 's'}" if event.turns is not None else "",
        f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out" if usage else "",
        f"$ {usage.cost_usd:,.2f}" if usage and usage.cost_usd is not None else "",
        f"status {event.status}" if event.status else "",
    ]
    return ", ".join(filter(None, parts))


def _name(data: dict[str, Any]) -> str:
    return " ".join(filter(None, (read.text(data.get(key), 100) for key in ("type", "subtype")))) or "JSON"
