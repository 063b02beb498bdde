"""The API of a session's log: what follows a position, as data, in replies of at most 64 kB."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from automation.transcripts.kinds import Kind, Shown
from automation.transcripts.windows import REPLY_BYTES, next_events
from issues.models import Attempt, IssueSession
from issues.sanitize import keep_ends
from projects.models import Scope
from projects.strict import StrictViewSet

CLIP, SHORT = 20_000, 1_000  # bytes of one text; SHORT where an event would fill a reply
MOST_DIGITS = 15
MEANINGS = {
    "n": "The entry's number in the log; a jump means that entries were left out. Events of one entry share it.",
    "part": "Counts the events of one entry.",
    "at": "When it was printed.",
    "name": "The tool's name, the way it ended, or the type of another event.",
    "detail": "The tool's main argument, or what a start, retry or end tells.",
    "text": "What was said or printed; beyond 20 kB its middle is left out.",
    "call": "Joins a tool's call and its result.",
    "exit_status": "Of a command, when the agent tells it.",
}


class LogEventSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField(help_text=MEANINGS["n"])
    part = serializers.IntegerField(help_text=MEANINGS["part"])
    at = serializers.DateTimeField(source="moment", allow_null=True, help_text=MEANINGS["at"])
    kind = serializers.ChoiceField(choices=[(kind.value, kind.value) for kind in Kind])
    name = serializers.CharField(help_text=MEANINGS["name"])
    detail = serializers.CharField(help_text=MEANINGS["detail"])
    text = serializers.CharField(help_text=MEANINGS["text"])
    is_error = serializers.BooleanField()
    call = serializers.CharField(help_text=MEANINGS["call"])
    exit_status = serializers.IntegerField(allow_null=True, help_text=MEANINGS["exit_status"])


class LogSerializer(serializers.Serializer[Any]):
    attempt = serializers.IntegerField(
        allow_null=True, help_text="The attempt's number; null before the first."
    )
    events = LogEventSerializer(many=True)
    next = serializers.IntegerField(help_text="The `after` of the next request.")
    done = serializers.BooleanField(help_text="The attempt has ended and nothing follows.")


class LogViewSet(StrictViewSet):
    queryset = IssueSession.objects.none()
    serializer_class = LogSerializer
    pagination_class = None
    scopes = {"log": Scope.READ}

    def get_queryset(self) -> Any:
        return IssueSession.objects.filter(project__in=self.visible_projects())

    def known_parameters(self) -> frozenset[str]:
        return frozenset({"after", "attempt"})

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "after", int, description="`next` of the last reply; without it, from the start."
            ),
            OpenApiParameter("attempt", int, description="The attempt's number; without it, the newest one."),
        ],
        responses=LogSerializer(many=False),
    )
    def log(self, request: Request, **kwargs: Any) -> Response:
        """What an attempt's agent printed after a position, each event once, oldest first.

        Ask again with `next`: at once while events come, else after a few seconds, until `done`.
        """
        session = get_object_or_404(self.get_queryset().only("pk"), pk=self.kwargs["pk"])
        position, number = _number(request, "after") or 0, _number(request, "attempt")
        rows = session.attempt_rows.only("number", "agent", "ended_at").order_by("-number")
        attempt = rows.first() if number is None else rows.filter(number=number).first()
        if attempt is None and number is not None:
            raise Http404
        return Response(LogSerializer(_answer(attempt, position)).data)


def _answer(attempt: Attempt | None, position: int) -> dict[str, Any]:
    if attempt is None:
        return {"attempt": None, "events": [], "next": position, "done": False}
    has_ended = attempt.ended_at is not None  # asked before the file is read, so that its end is in it
    reply = next_events(attempt.transcript_path, attempt.agent, position, calls_too=False)
    events, reply = reply.filled(_fitting, _length)
    return {
        "attempt": attempt.number,
        "events": events,
        "next": reply.end,
        "done": has_ended and reply.is_last,
    }


def _fitting(event: Shown) -> dict[str, Any]:
    row = _row(event, CLIP if event.part == 0 else SHORT)
    return row if _length(row) < REPLY_BYTES else _row(event, SHORT)


def _row(event: Shown, limit: int) -> dict[str, Any]:
    texts = {name: keep_ends(getattr(event, name), limit=limit) for name in ("name", "detail", "text")}
    if event.edits and not event.text:
        texts["text"] = keep_ends("\n".join(edit.new for edit in event.edits), limit=limit)
    same = ("n", "part", "moment", "is_error", "call", "exit_status")
    return {name: getattr(event, name) for name in same} | texts | {"kind": event.kind.value}


def _length(row: dict[str, Any]) -> int:
    return len(json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "replace"))


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise ValidationError({name: ["Write a whole number."]})
    return int(text)
