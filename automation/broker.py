"""What the broker's client raises, whether or not it is installed: redis is an extra."""

from __future__ import annotations

try:
    from redis.exceptions import RedisError as RedisError
except ImportError:

    class RedisError(Exception):  # type: ignore[no-redef]
        """Never raised."""
