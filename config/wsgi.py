"""What gunicorn serves. Here requests follow each other closely, so a connection is kept for the next one."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
CONNECTION_SECONDS = 60

for database in settings.DATABASES.values():
    database |= {"CONN_MAX_AGE": CONNECTION_SECONDS, "CONN_HEALTH_CHECKS": True}
application = get_wsgi_application()
