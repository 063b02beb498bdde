"""The API of events and attempts: one session's, and the feed over all that the caller sees."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from issues import feed
from issues.models import Attempt, IssueSession, SessionEvent
from issues.serializers import (
    AttemptDetailSerializer,
    AttemptSerializer,
    EventSerializer,
    FeedSerializer,
)
from projects.models import Scope
from projects.pagination import SIZE, SIZE_MEANING, NewestFirst, page_size_of
from projects.strict import StrictViewSet

FEED_PAGE = 100


class OfSession(StrictViewSet):
    """Rows of the session that the path names."""

    pagination_class = NewestFirst

    @property
    def session(self) -> IssueSession:
        visible = IssueSession.objects.filter(project__in=self.visible_projects())
        return get_object_or_404(visible.only("pk"), pk=self.kwargs["pk"])


class EventViewSet(mixins.ListModelMixin, OfSession):
    """What happened to a session, newest first."""

    queryset = SessionEvent.objects.none()
    serializer_class = EventSerializer
    scopes = {"list": Scope.READ}

    def get_queryset(self) -> Any:
        return SessionEvent.objects.filter(issue_session=self.session).select_related("issue_session")


@extend_schema_view(
    list=extend_schema(description="The agent processes of a session, newest first, without their prompts."),
    retrieve=extend_schema(description="One agent process of a session, with its prompt."),
)
class AttemptViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, OfSession):
    queryset = Attempt.objects.none()
    serializer_class = AttemptSerializer
    scopes = {"list": Scope.READ, "retrieve": Scope.READ}
    lookup_field = "number"

    def get_queryset(self) -> Any:
        rows = Attempt.objects.filter(issue_session=self.session)
        return rows.defer("prompt") if self.action == "list" else rows.select_related("issue_session")

    def get_serializer_class(self) -> Any:
        return AttemptDetailSerializer if self.action == "retrieve" else AttemptSerializer

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        super().check_object_permissions(request, obj.issue_session)


class FeedViewSet(StrictViewSet):
    queryset = SessionEvent.objects.none()
    serializer_class = FeedSerializer
    scopes = {"read": Scope.READ}
    pagination_class = None

    def get_queryset(self) -> Any:
        visible = SessionEvent.objects.filter(self.visible_rows("issue_session__project"))
        return visible.select_related("issue_session")

    def known_parameters(self) -> frozenset[str]:
        return frozenset({"after", "page_size"})

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "after", str, description="`next_cursor` of the last answer; without it, from the start."
            ),
            OpenApiParameter("page_size", SIZE | {"default": FEED_PAGE}, description=SIZE_MEANING),
        ],
        responses=FeedSerializer(many=False),
    )
    def read(self, request: Request, **kwargs: Any) -> Response:
        """Every event of every session that the caller sees, oldest first; each is answered once.

        Ask again with `next_cursor`: at once while `has_more`, else after a while.
        """
        page = feed.page(self.get_queryset(), _cursor(request), page_size_of(request, FEED_PAGE))
        return Response(
            self.get_serializer(
                {"results": page.events, "next_cursor": str(page.next_cursor), "has_more": page.has_more}
            ).data
        )


def _cursor(request: Request) -> int:
    text = request.query_params.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValidationError({"after": ["Take it from `next_cursor` of an answer."]})
    return int(text)
