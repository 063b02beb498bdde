"""Settings that are dangerous in production, or that contradict each other."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.http.request import validate_host

from automation.checks.registry import fail, fine, register, warn
from automation.checks.situation import Situation

PYTHON_MINIMUM = (3, 11)
KEY_VARIETY = 12  # different characters; Django asks for 5
NEW_KEY = 'Make one with: python -c "import secrets; print(secrets.token_urlsafe(48))".'


@register("settings", "Python")
def python(situation: Situation) -> Iterator[CheckMessage]:
    version = platform.python_version()
    if sys.version_info < PYTHON_MINIMUM:
        yield fail(1, f"Python {version} is too old.", "Install Python 3.11 or newer.")
    else:
        yield fine(1, f"Python {version}.")


@register("settings", "Debug mode")
def debug(situation: Situation) -> Iterator[CheckMessage]:
    if settings.DEBUG:
        hint = "Set DEBUG=false wherever others can reach the site: its error pages show settings and code."
        yield warn(2, "DEBUG is on.", hint)
    else:
        yield fine(2, "DEBUG is off.")


@register("settings", "Keys")
def keys(situation: Situation) -> Iterator[CheckMessage]:
    weak = [] if is_strong(settings.SECRET_KEY) else ["SECRET_KEY"]
    weak += [
        f"number {n} of FERNET_KEYS" for n, key in enumerate(settings.FERNET_KEYS, 1) if not is_strong(key)
    ]
    for name in weak:
        order = (
            "Put the new one in front, run rotate_keys, then remove the old one. " if "FERNET" in name else ""
        )
        yield warn(3, f"The key in {name} is short or easy to guess.", order + NEW_KEY)
    if not weak:
        yield fine(3, f"SECRET_KEY and {len(settings.FERNET_KEYS)} of FERNET_KEYS are long and random.")
    yield fine(6, f"Field keys come from {settings.FERNET_KEYS_SOURCE}; the newest is {key_mark()}.")


def key_mark() -> str:
    """Tells the newest field key from others, and nothing of it."""
    return hashlib.sha256(b"autowrkers field key " + str(settings.FERNET_KEYS[0]).encode()).hexdigest()[:8]


def is_strong(key: str) -> bool:
    is_made_up = key.startswith(("development-only", "django-insecure"))
    return not is_made_up and len(key) >= 32 and len(set(key)) >= KEY_VARIETY


@register("settings", "Address of the site")
def addresses(situation: Situation) -> Iterator[CheckMessage]:
    """A proxy that passes another host or origin makes every form fail: the commonest trouble of a first run."""
    site = urlsplit(settings.SITE_URL)
    host, origin = site.hostname or "", f"{site.scheme}://{site.netloc}"
    wrong = False
    if "*" in settings.ALLOWED_HOSTS:
        wrong = True
        yield warn(4, "ALLOWED_HOSTS takes every host.", "Name the hosts: links in mails follow the request.")
    elif not host or not validate_host(host, settings.ALLOWED_HOSTS):
        wrong = True
        hint = "Set SITE_URL alone, from which ALLOWED_HOSTS follows, or add its host there."
        yield fail(4, f"SITE_URL is {settings.SITE_URL}, whose host ALLOWED_HOSTS does not name.", hint)
    if origin not in settings.CSRF_TRUSTED_ORIGINS:
        wrong = True
        hint = "Add it: without it every form sent through a proxy is refused."
        yield fail(4, f"CSRF_TRUSTED_ORIGINS does not name {origin}, the origin of SITE_URL.", hint)
    if not wrong:
        yield fine(4, f"SITE_URL {settings.SITE_URL}, allowed hosts and trusted origins agree.")


@register("settings", "System checks")
def system_checks(situation: Situation) -> Iterator[CheckMessage]:
    """What Django and this product look at before each command."""
    found = run_checks()
    yield from found
    if not found:
        yield fine(5, "Django's system checks find nothing.")
