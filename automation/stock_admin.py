"""Django's and the queue's own data pages, less what nobody should type there. Imported once all admins are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django_q.admin import ScheduleAdmin
from django_q.models import Schedule

if TYPE_CHECKING:
    PersonBase = UserAdmin[User]
else:
    PersonBase = UserAdmin


class PersonAdmin(PersonBase):
    """When somebody joined and last logged in is history, not a setting."""

    readonly_fields = ("last_login", "date_joined")


class HeartbeatAdmin(ScheduleAdmin):  # type: ignore[misc]
    """The one schedule is made by the product itself; people may look at it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def replace() -> None:
    for model, own in ((User, PersonAdmin), (Schedule, HeartbeatAdmin)):
        admin.site.unregister(model)
        admin.site.register(model, own)
