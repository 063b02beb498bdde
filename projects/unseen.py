"""What a settings page showed, as a hash in its form: nobody saves over changes that they never saw."""

from __future__ import annotations

import hashlib
import json

from django.core.serializers.json import DjangoJSONEncoder

from projects.editing import SETTABLE
from projects.models import Project

FIELD = "shown"
CHANGED = (
    "Somebody changed this project since you opened the form, or it was sent twice: nothing was saved. "
    "Reload the page, and enter your changes again."
)


def hash_of(project: Project) -> str:
    """Of the settings and the roles as they are stored."""
    stored = Project.objects.filter(pk=project.pk).values(*SETTABLE).get()
    roles = list(project.memberships.order_by("user_id").values_list("pk", "user_id", "role"))
    text = json.dumps([stored, roles], cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def is_as_shown(project: Project, shown: str) -> bool:
    """Holds the project's row until the end of the transaction: the answer is true for as long."""
    Project.objects.select_for_update().filter(pk=project.pk).values_list("pk").get()
    return shown == hash_of(project)
