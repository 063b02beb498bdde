"""All settings. Each comes from one environment variable of the same name, listed with its meaning in .env.example."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config import field_keys

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.smart_cast = False
ENV_FILE = BASE_DIR / os.environ.get("ENV_FILE", ".env")
if ENV_FILE.is_file():
    env.read_env(ENV_FILE)


def text(name: str, default: str = "") -> str:
    """A string as it stands: django-environ would expand a value that begins with `$`."""
    value = env.ENVIRON.get(name, "")
    return value if value else default


def integer(name: str, default: int) -> int:
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from error


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = text("SECRET_KEY", "development-only-key-" + "0" * 40 if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Copy .env.example to .env, or set DEBUG=true to try things out."
    )
FERNET_KEYS_FILE = (BASE_DIR / text("FERNET_KEYS_FILE")) if text("FERNET_KEYS_FILE") else None
_field_keys = field_keys.read(
    given=words("FERNET_KEYS"),
    file=FERNET_KEYS_FILE,
    entry=text("FERNET_KEYS_KEYRING"),
    secret_key=SECRET_KEY,
)
FERNET_KEYS = _field_keys.keys
FERNET_KEYS_SOURCE, FERNET_KEYS_PLACE = _field_keys.source, _field_keys.place

PORT = integer("PORT", 8000)
SITE_URL = text("SITE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
_site = urlsplit(SITE_URL)
ALLOWED_HOSTS = [_site.hostname or "", "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{_site.netloc}"]

INSTALLED_APPS = [
    "automation",
    "verification",
    "issues",
    "projects",
    "config.apps.ManagementConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
]
MIDDLEWARE = [
    "config.request_id.RequestId",
    "config.answers.ApiVersion",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.security.ContentSecurityPolicy",
    "config.bad_input.BadInput",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.errors.MethodPages",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA journal_size_limit=27103364;",
}


def database(url: str) -> dict[str, Any]:
    """Django's database entry for `url`; a relative SQLite path counts from the project's folder."""
    entry: dict[str, Any] = env.db_url_config(url)
    if entry["ENGINE"] == "django.db.backends.sqlite3":
        entry["NAME"] = BASE_DIR / str(entry["NAME"])
        entry["OPTIONS"] = SQLITE_OPTIONS
        Path(str(entry["NAME"])).parent.mkdir(parents=True, exist_ok=True)
    else:  # a server that has gone silent must not hold up a worker for longer than its lease
        entry["OPTIONS"] = {"connect_timeout": 10, "tcp_user_timeout": 20_000} | dict(
            entry.get("OPTIONS") or {}
        )
    return entry


DATABASES = {"default": database(text("DATABASE_URL", "sqlite:///var/autowrkers.sqlite3"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465, "consolemail": None, "dummymail": None}


def mail(url: str) -> dict[str, Any]:
    """Django's EMAIL_… settings for `url`; without one, mail goes nowhere."""
    scheme = url.partition("://")[0]
    try:
        found: dict[str, Any] = env.email_url_config(url) if scheme in MAIL_PORTS else {}
    except ValueError:  # of a port
        found = {}
    if not found or (MAIL_PORTS[scheme] and not found["EMAIL_HOST"]):
        # The wrong URL is not shown: it may hold a password.
        raise ImproperlyConfigured("EMAIL_URL must be like smtp+tls://user:password@host:587, or empty.")
    return found | {"EMAIL_PORT": found["EMAIL_PORT"] or MAIL_PORTS[scheme]}


globals().update(mail(text("EMAIL_URL", "consolemail://" if DEBUG else "dummymail://")))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", f"Autowrkers <autowrkers@{_site.hostname or 'localhost'}>")

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
FORMAT_MODULE_PATH = "config.formats"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

SECURE_HTTPS = _site.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = SECURE_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE_HTTPS else None
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "projects.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["projects.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer", "config.browsable.AnswerPage"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.browsable.StaffReadPages",
    "DEFAULT_PARSER_CLASSES": ["projects.parsers.CappedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "projects.pagination.PageNumbers",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "config.described.Described",
    "NON_FIELD_ERRORS_KEY": "body",
    "EXCEPTION_HANDLER": "projects.problems.problem_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Autowrkers",
    "VERSION": "1",
    "DESCRIPTION": "Every request needs a token. Make one under Data, API tokens, or by "
    "`python manage.py create_token USER --scope read`, and send it in the header:\n\n"
    f'`curl -H "Authorization: Bearer aw_your_token" {SITE_URL}/api/projects`',
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "PREPROCESSING_HOOKS": ["config.schema.only_slashless"],
    "ENUM_NAME_OVERRIDES": {
        "AttemptKindEnum": "issues.models.Attempt.Kind",
        "AlertKindEnum": "automation.models.Alert.Kind",
        "StatusEnum": "issues.states.Status",
        "DeliveryStatusEnum": "automation.models.WebhookDelivery.State",
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums"],
}

API_READS_PER_MINUTE = integer("API_READS_PER_MINUTE", 600)
API_CHANGES_PER_MINUTE = integer("API_CHANGES_PER_MINUTE", 120)
API_ANONYMOUS_PER_MINUTE = integer("API_ANONYMOUS_PER_MINUTE", 60)

GITHUB_API_URL = text("GITHUB_API_URL", "https://api.github.com").rstrip("/")
GITHUB_WEB_URL = text("GITHUB_WEB_URL", "https://github.com").rstrip("/")
GITHUB_CLIENT_ID = text("GITHUB_CLIENT_ID")
GITHUB_CLIENT_SECRET = text("GITHUB_CLIENT_SECRET")
GITHUB_LOGIN_ALLOWED_LOGINS = words("GITHUB_LOGIN_ALLOWED_LOGINS")
GITHUB_LOGIN_ALLOWED_ORGS = words("GITHUB_LOGIN_ALLOWED_ORGS")
GITHUB_MUTATION_INTERVAL_SECONDS = 1.0
AUTOWRKERS_WORKSPACE_ROOT = (BASE_DIR / text("AUTOWRKERS_WORKSPACE_ROOT", "var/workspace")).resolve()
AUTOWRKERS_LOG_ROOT = (BASE_DIR / text("AUTOWRKERS_LOG_ROOT", "var/logs")).resolve()
AUTOWRKERS_SANDBOX = text("AUTOWRKERS_SANDBOX", "auto")
AUTOWRKERS_TOOL_PATHS = tuple(Path(word) for word in words("AUTOWRKERS_TOOL_PATHS"))
AUTOWRKERS_AGENT_SLOTS = integer("AUTOWRKERS_AGENT_SLOTS", 2)
AUTOWRKERS_AGENT_MEMORY_MB = integer("AUTOWRKERS_AGENT_MEMORY_MB", 8192)
AUTOWRKERS_AGENT_PROCESSES = integer("AUTOWRKERS_AGENT_PROCESSES", 2000)
AUTOWRKERS_AGENT_DISK_MB = integer("AUTOWRKERS_AGENT_DISK_MB", 10_240)
AUTOWRKERS_DRAIN_MINUTES = integer("AUTOWRKERS_DRAIN_MINUTES", 0)
AUTOWRKERS_AGENT_ENV = words("AUTOWRKERS_AGENT_ENV")
AUTOWRKERS_CLAUDE_COMMAND = text("AUTOWRKERS_CLAUDE_COMMAND", "claude")
AUTOWRKERS_CODEX_COMMAND = text("AUTOWRKERS_CODEX_COMMAND", "codex")

METRICS_TOKEN = text("METRICS_TOKEN")

QUEUE_BROKER_URL = text("QUEUE_BROKER_URL")
# Retries belong to our state machine: the queue delivers once and forgets (docs: "Configuration", django-q2).
_queue = {
    "name": "default",
    "workers": 2,
    "timeout": 120,
    "retry": 900,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": -1,
    "queue_limit": 2,
    "poll": 0.5,
    "label": "Queue",
}
Q_CLUSTER = _queue | {
    **({"redis": QUEUE_BROKER_URL} if QUEUE_BROKER_URL else {"orm": "default"}),
    "ALT_CLUSTERS": {
        "sessions": {
            "workers": AUTOWRKERS_AGENT_SLOTS,
            "timeout": 6 * 86400,  # far beyond any session: our own limits end an agent
            "retry": 7 * 86400,
            "queue_limit": 1,
            "recycle": 1,
        }
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redact": {"()": "projects.redaction.RedactingFilter"},
        "refusal": {"()": "config.log_lines.RefusalFilter"},
        "request": {"()": "config.request_id.RequestIdFilter"},
    },
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(request_id)s%(message)s"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["refusal", "redact", "request"],
        }
    },
    "loggers": {"django": {"level": "INFO"}},  # without handlers of its own: each event is told once
    "root": {"handlers": ["console"], "level": "INFO"},
}
