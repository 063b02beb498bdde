"""Sets of sessions by where they stand. Every set that is shown to anyone begins with `visible_to`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models import Q

from issues.states import RUNNABLE, Status
from projects import leases
from projects.models import Project, Scope

if TYPE_CHECKING:
    pass

ENQUEUE_GRACE = timedelta(seconds=60)


class IssueSessionQuerySet(models.QuerySet["IssueSession"]):
    def visible_to(
        self, user: AbstractBaseUser | AnonymousUser, scope: str = Scope.READ
    ) -> IssueSessionQuerySet:
        return self.filter(project__in=Project.objects.visible_to(user, scope))

    def queued(self) -> IssueSessionQuerySet:
        return self.filter(status__in=RUNNABLE, queued_at__isnull=False)

    def running(self) -> IssueSessionQuerySet:
        """Held by a live lease."""
        return self.filter(leases.live())

    def enqueued(self, now: datetime) -> IssueSessionQuerySet:
        """Handed to the queue a moment ago and not yet claimed."""
        return self.filter(leases.free(), enqueued_at__gt=now - ENQUEUE_GRACE)

    def due(self, now: datetime) -> IssueSessionQuerySet:
        """Queued, free, and past any parking; not handed to the queue a moment ago. Begun ones first."""
        ready = self.queued().filter(leases.free(), Q(not_before=None) | Q(not_before__lte=now))
        return ready.exclude(enqueued_at__gt=now - ENQUEUE_GRACE).order_by(
            models.Case(models.When(status=Status.PENDING, then=1), default=0), "queued_at", "id"
        )
