"""Settings, from the environment and `.env`. What is wrong is refused in a sentence; `.env.example` explains each."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from dotenv import dotenv_values

from wanstudio import __version__, settings_bucket
from wanstudio import settings_databases as databases
from wanstudio import settings_types as options
from wanstudio.data_files import folder, secret_key, usable
from wanstudio.provider import providers
from wanstudio.provider.providers import model_of
from wanstudio.provider.sandbox import KEY as SANDBOX_KEY
from wanstudio.settings_files import SettingsEnv
from wanstudio.settings_sign_in import *  # noqa: F403 (names of Django and allauth)
from wanstudio.settings_sign_in import company

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = __version__
env = SettingsEnv()
# Tests point this at nothing, so that a developer's own key can never be spent by them.
if env_file := os.environ.get("WANSTUDIO_ENV_FILE", str(BASE_DIR / ".env")):
    with usable(env_file):
        env.read_env(env_file, recurse=False)

# --- what the studio is -------------------------------------------------------------------------------
DATA_DIR = Path(env.str("WANSTUDIO_DATA", "") or BASE_DIR / "data").expanduser().resolve()
# What a process writes from here on is its owner's alone, however it was started: gunicorn, Celery, a backup.
os.umask(0o077)
with usable(DATA_DIR):
    FILE_UPLOAD_TEMP_DIR: Path = folder(DATA_DIR / "tmp")
    SECRET_KEY = env.str("SECRET_KEY", "") or secret_key(DATA_DIR / "secret.key")
HOST = env.str("HOST", "127.0.0.1").strip("[]")
PORT = env.int("PORT", 8000, validate=options.a_port)
SANDBOX_PORT = env.int("SANDBOX_PORT", 8001, validate=options.a_port)
DEBUG = env.bool("DEBUG", False)
ENCRYPTION_KEYS = options.encryption_keys(env.list("WANSTUDIO_ENCRYPTION_KEYS", []))

# --- the provider -------------------------------------------------------------------------------------
# By name: address and key, as APIXO_BASE_URL and APIXO_API_KEY.
PROVIDERS = {
    provider.name: (
        env.str(provider.variable("BASE_URL"), provider.base_url, validate=options.an_address).rstrip("/"),
        env.str(provider.variable("API_KEY"), "").strip(),
    )
    for provider in providers.BILLED
}
PROVIDER_KEYS = [key for _, key in PROVIDERS.values() if key]
_main = next((provider for provider in providers.BILLED if PROVIDERS[provider.name][1]), providers.BILLED[0])
_in_use = _main if PROVIDER_KEYS else providers.STAND_IN
MAIN_PROVIDER, PROVIDER = _main.name, _in_use.name
PROVIDERS[providers.STAND_IN.name] = (f"http://127.0.0.1:{SANDBOX_PORT}/api/v1", SANDBOX_KEY)
MODEL = env.str(_main.variable("MODEL"), _main.models[0].id, validate=options.a_model)
MODEL_INPUTS = model_of(_main, MODEL).inputs
PRICES = options.price_table(_main.variable("PRICES"), env.str(_main.variable("PRICES"), ""), model_of(_main, MODEL))
# None: each provider's own. A key that is set in the page must not get what is meant for the sandbox.
PACE = options.pace(env.float("WANSTUDIO_PACE", None), PROVIDERS[PROVIDER][0])
PROVIDER_READ_TIMEOUT_S = env.float("WANSTUDIO_READ_TIMEOUT", None, validate=options.positive)

# --- addresses ----------------------------------------------------------------------------------------
WANSTUDIO_URL = options.public_address(env.str("WANSTUDIO_URL", ""))
_extra_hosts: list[str] = env.list("WANSTUDIO_ALLOWED_HOSTS", [])
# Where people open the studio: in every mail and link. Where it answers itself: for the provider's files and callbacks.
ADDRESS = WANSTUDIO_URL or options.own_address(HOST, PORT, _extra_hosts)
LINK_BASE = WANSTUDIO_URL or options.own_address(HOST, PORT)
PRIVATE_HOSTS = options.private_hosts(env.list("WANSTUDIO_PRIVATE_HOSTS", []))
TRUSTED_PROXIES = options.networks(env.list("WANSTUDIO_TRUSTED_PROXIES", []), "WANSTUDIO_TRUSTED_PROXIES")
ALLOWED_HOSTS = options.allowed_hosts(_extra_hosts, HOST, WANSTUDIO_URL)
CSRF_TRUSTED_ORIGINS = [WANSTUDIO_URL] if WANSTUDIO_URL else []
HTTPS = WANSTUDIO_URL.startswith("https://")

# --- limits -------------------------------------------------------------------------------------------
CALLS_PER_MINUTE = env.int("WANSTUDIO_CALLS_PER_MINUTE", None, validate=options.positive)
IN_FLIGHT = env.int("WANSTUDIO_IN_FLIGHT", 10, validate=options.positive)
_image_mb = env.int("WANSTUDIO_IMAGE_MAX_MB", MODEL_INPUTS.image_max_bytes // 1024**2, validate=options.positive)
IMAGE_MAX_BYTES = _image_mb * 1024 * 1024
CLIP_MAX_BYTES = env.int("WANSTUDIO_CLIP_MAX_MB", 500, validate=options.positive) * 1024 * 1024
TEAM_STORAGE_BYTES = env.int("WANSTUDIO_TEAM_STORAGE_MB", 0, validate=options.not_negative) * 1024 * 1024
API_CALLS_A_MINUTE = env.int("WANSTUDIO_API_CALLS_A_MINUTE", 300, validate=options.positive)
MIN_FREE_BYTES = env.int("WANSTUDIO_MIN_FREE_MB", 512, validate=options.positive) * 1024 * 1024

# --- Django -------------------------------------------------------------------------------------------
ROOT_URLCONF = "wanstudio.urls"
AUTH_USER_MODEL = "wanstudio.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "wanstudio",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
]
MIDDLEWARE = [
    "wanstudio.web.middleware.RequestLog",
    "wanstudio.keys.in_force.ProviderOnce",
    "wanstudio.web.middleware.TrustedProxies",
    "wanstudio.web.middleware.Isolated",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "wanstudio.web.file_shortcut.FileShortcut",
    "wanstudio.web.middleware.Compressed",
    "csp.middleware.CSPMiddleware",
    "wanstudio.sharing.guest_access.Unlisted",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "wanstudio.web.middleware.RefuseNul",
    "wanstudio.web.request_bodies.RefusedBodies",
    "wanstudio.teams.gate.FirstRun",
    "wanstudio.web.way_back.WayBack",
    "wanstudio.teams.gate.Gate",
    "wanstudio.teams.gate.FormTeam",
]
TEMPLATES: list[dict[str, object]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["wanstudio.templatetags.form_marks", "wanstudio.templatetags.routes"],
            "libraries": {"lucide": "wanstudio.templatetags.icons"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "wanstudio.studio.context.studio",
            ],
        },
    }
]
DATABASES = {"default": databases.database(env.str("DATABASE_URL", "") or f"sqlite:///{DATA_DIR / 'studio.sqlite3'}")}
# Set: Celery moves the jobs, on as many machines as there are; empty: the embedded worker does, without a server.
BROKER_URL = env.str("BROKER_URL", "", validate=options.a_broker)
BUCKET = settings_bucket.bucket(env)
MEDIA_BUCKET = settings_bucket.bucket(env, settings_bucket.MEDIA)
MEDIA_CACHE_BYTES = env.int("WANSTUDIO_MEDIA_CACHE_MB", 10_000, validate=options.positive) * 1024 * 1024
# Whether browsers get links to the bucket: where it has no https they need not reach it.
_links = env.bool("WANSTUDIO_MEDIA_LINKS", bool(MEDIA_BUCKET and MEDIA_BUCKET.origin.startswith("https://")))
MEDIA_LINKS = MEDIA_BUCKET.origin if MEDIA_BUCKET and _links else ""
_files = "bucket_files.BucketFiles" if MEDIA_BUCKET else "whole_files.WholeFiles"
STORAGES = {
    "default": {"BACKEND": f"wanstudio.storage.{_files}", "OPTIONS": {"location": DATA_DIR / "media"}},
    "staticfiles": {"BACKEND": "wanstudio.web.static_files.StaticFiles"},
}
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_MAX_AGE = 60
FILE_UPLOAD_HANDLERS = ["wanstudio.uploads.forms.CappedUploadHandler"]
# Where a proxy of the studio's group finds the media folder, to send files itself.
ACCEL = env.str("WANSTUDIO_ACCEL", "", validate=options.an_internal_path)
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = (0o640, 0o750) if ACCEL else (0o600, 0o700)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Each ticked video is a separate field, up to ten thousand of them.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_100
CACHES = {
    # Sign-in limits live in the cache: it must be one for all web processes, or each would grant its own tries.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # Django's 300 would let a flood of addresses push out what limits them.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
USE_I18N, TIME_ZONE = False, "UTC"

# --- sign-in ------------------------------------------------------------------------------------------
COMPANY = company(env)
# Browsers themselves allow passkeys on https and localhost only.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "wanstudio_session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "wanstudio_csrf"

# --- headers ------------------------------------------------------------------------------------------
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# TLS ends at the proxy in front; it also redirects. A redirect here would break the loopback health checks.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **{each: [NONE] for each in ("default-src", "frame-ancestors", "base-uri", "object-src")},
        **{f"{each}-src": [SELF] for each in ("script", "style", "connect", "font", "manifest", "worker")},
        "form-action": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "media-src": [SELF, "blob:", *filter(None, [MEDIA_LINKS])],
    }
}

# --- mail, log and what is seen from outside ----------------------------------------------------------
EMAIL_URL = env.str("EMAIL_URL", "")
_mail: dict[str, object] = env.dj_email_url("EMAIL_URL", "console://")
# A mail server that hangs must block no worker for longer than this.
EMAIL_TIMEOUT = 20
vars().update({name: value for name, value in _mail.items() if name.startswith("EMAIL_") and value is not None})
_from = env.str("WANSTUDIO_MAIL_FROM", "")
DEFAULT_FROM_EMAIL = options.mail_from(_from, str(_mail.get("EMAIL_HOST_USER") or ""), ADDRESS)
# Prometheus asks with the token, or from these addresses; both where both are set. Neither: there is no /metrics.
METRICS_TOKEN = env.str("WANSTUDIO_METRICS_TOKEN", "", validate=options.a_token)
METRICS_ADDRESSES = options.networks(env.list("WANSTUDIO_METRICS_ADDRESSES", []), "WANSTUDIO_METRICS_ADDRESSES")
SENTRY_DSN = env.str("SENTRY_DSN", "", validate=options.a_dsn)
LOGGING = options.logging(
    env.str("LOG_LEVEL", "INFO", validate=options.a_log_level),
    env.str("LOG_FORMAT", "text", validate=options.a_log_format),
    secrets=[
        *(*PROVIDER_KEYS, SECRET_KEY, DATABASES["default"].get("PASSWORD", "")),
        # As they are written in the addresses, so that a line that quotes one can leave it out.
        *(urlsplit(address).password or "" for address in (BROKER_URL, EMAIL_URL)),
        *ENCRYPTION_KEYS,
        *(COMPANY.secret if COMPANY else "", METRICS_TOKEN),
        *(secret for each in (BUCKET, MEDIA_BUCKET) if each for secret in (each.secret, each.token)),
    ],
)
# The last line: by now each name that the studio knows was read.
UNKNOWN_NAMES = options.unknown_names({*os.environ, *(dotenv_values(env_file) if env_file else ())}, env.dump())
