"""One wake-up signal: work may be waiting. Losing it costs only time, since the next tick looks anyway."""

from __future__ import annotations

from django.dispatch import Signal

work_requested = Signal()
