"""The messages that no worker has taken yet, of either broker."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ

from automation.broker import RedisError
from automation.hosts import QUEUE, SESSIONS

KEYS = {QUEUE: str(settings.Q_CLUSTER["name"]), SESSIONS: "sessions"}


@dataclass(frozen=True)
class Messages:
    """`number` is None when the broker does not answer; Redis tells no age."""

    cluster: str
    number: int | None
    oldest_seconds: float | None


def messages() -> list[Messages]:
    if settings.QUEUE_BROKER_URL:
        return [Messages(cluster, _length(key), None) for cluster, key in KEYS.items()]
    now = timezone.now()
    rows = OrmQ.objects.filter(lock__lte=now).order_by().values_list("key")
    found = {key: (number, oldest) for key, number, oldest in rows.annotate(Count("pk"), Min("lock"))}
    answer = []
    for cluster, key in KEYS.items():
        number, oldest = found.get(key, (0, None))
        answer.append(Messages(cluster, number, (now - oldest).total_seconds() if oldest else None))
    return answer


def _length(key: str) -> int | None:
    try:
        return int(get_broker(list_key=key).queue_size())
    except (OSError, RedisError):
        return None
