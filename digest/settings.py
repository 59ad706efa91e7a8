"""Django's settings, read from the environment; see `docs/settings.md` for every variable."""

import datetime as dt
import socket
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import dj_database_url
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from digest.environment import (
    BASE,
    VAR,
    addresses,
    choice,
    directory,
    flag,
    listed,
    mailbox,
    number,
    optional,
    prefixed,
    rates,
    required,
    secret,
    shaped,
    url,
    words,
)
from digest.observability import logs, sentry

DEBUG = flag("DEBUG")
SECRET_KEY = secret("SECRET_KEY", "the key that signs sessions, 50 random characters or more", "$(openssl rand -hex 32)", 50)
SITE_URL = url(
    "SITE_URL",
    required("SITE_URL", "the address of the site, from which every link is made", "https://papers.example.org"),
    ("https", "http"),
    "https://papers.example.org",
    bare=True,
).rstrip("/")
SITE_NAME = words("SITE_NAME", "Paper Round")
ALLOWED_HOSTS = [
    urlsplit(SITE_URL).hostname or "",
    *listed("ALLOWED_HOSTS", r"\.?[\w-]+(\.[\w-]+)*|\[[0-9a-fA-F:]+\]", "names of hosts", "www.example.org"),
]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

TOKEN_KEYS = secret(
    "TOKEN_KEYS", "the keys of the links in messages, newest first, separated by commas", "$(openssl rand -hex 32)", 32
).split(",")
IDENTITY_KEY = secret(
    "IDENTITY_KEY",
    "the key under which suppressed and erased addresses are remembered as hashes; never change it",
    "$(openssl rand -hex 32)",
    32,
)

_database = url(
    "DATABASE_URL",
    required("DATABASE_URL", "the PostgreSQL database", "postgres://paperround:secret@db.example.org/paperround"),
    ("postgres", "postgresql"),
    "postgres://paperround:secret@db.example.org/paperround",
)
DATABASES = {
    "default": dj_database_url.parse(
        _database, engine="digest.postgres", conn_max_age=number("DATABASE_CONN_MAX_AGE", 60), conn_health_checks=True
    )
}

REDIS_URL = url(
    "REDIS_URL",
    required("REDIS_URL", "the Redis or Valkey server of the queue", "redis://redis.example.org:6379"),
    ("redis", "rediss", "unix"),
    "redis://redis.example.org:6379",
)

# One relay takes every message; it, not we, talks to the world's mail exchangers.
SMTP_URL = url(
    "SMTP_URL",
    required(
        "SMTP_URL",
        "the relay that takes our messages (smtp, smtp+starttls or smtps)",
        "smtp+starttls://name:secret@relay.example.org:587",
    ),
    ("smtp", "smtp+starttls", "smtps"),
    "smtp+starttls://name:secret@relay.example.org:587",
)
# What the relay is greeted with: a name that resolves to us (RFC 5321, 4.1.1.1).
SMTP_HELLO = shaped(
    "SMTP_HELLO", r"[\w-]+(\.[\w-]+)*|\[[\w.:]+\]", "the name of a host", "relay.example.org", socket.gethostname()
)
SMTP_CONNECTIONS = number("SMTP_CONNECTIONS", 10, 1, 100)
# No wait but the one after the final dot is longer than this; RFC 5321 (4.5.3.2) asks for 300 at most steps.
SMTP_TIMEOUT_SECONDS = number("SMTP_TIMEOUT_SECONDS", 300, 1)
# Messages a second, over all workers: altogether (0: no limit), and for single domains ("example.com=20").
SEND_RATE = number("SEND_RATE", 0)
DOMAIN_RATES = rates("DOMAIN_RATES")
# How many senders share these rates when Redis is away and they cannot ask one another.
SEND_WORKERS = number("SEND_WORKERS", 4, 1)
# A new sender earns its reputation slowly: "2026-03-01:200:1.5" is 200 messages on that day and grows by half each day.
WARMUP = optional("WARMUP", "")
# Consent, erasures and suppressions are also appended here, as keyed hashes, so that a restored database can be told of them.
SAFETY_LOG = optional("SAFETY_LOG", str(VAR / "safety.log"))
# For the preflight: the selector under which the relay signs for us, and the addresses from which it sends, if we run it.
DKIM_SELECTOR = shaped("DKIM_SELECTOR", r"[\w-]+(\.[\w-]+)*", "a selector, as behind s= in a signature", "2026a")
RELAY_ADDRESSES = addresses("RELAY_ADDRESSES", "192.0.2.25,2001:db8::25")
# Whether the preflight runs before the first message of each day, and a fatal finding holds issues back (never notices) until
# it is mended. A relay on this machine is for trying things out, unless a provider takes the messages.
DELIVERY_BACKEND = choice("DELIVERY_BACKEND", "smtp", {"smtp", "anymail"})
PREFLIGHT = flag(
    "PREFLIGHT",
    default=DELIVERY_BACKEND == "anymail" or urlsplit(SMTP_URL).hostname not in {"localhost", "127.0.0.1", "::1"},
)
# How long a worker holds what it has claimed without saying that it lives, and how often the beat asks for work and for what
# dead workers held.
LEASE_SECONDS = number("LEASE_SECONDS", 120, 2)
DELIVER_EVERY_SECONDS = number("DELIVER_EVERY_SECONDS", 20, 1)
RECOVER_EVERY_SECONDS = number("RECOVER_EVERY_SECONDS", 60, 1)
DIGEST_FROM = mailbox(
    "DIGEST_FROM",
    required("DIGEST_FROM", "the sender of digests", "Paper Round <digest@papers.example.org>"),
    "Paper Round <digest@papers.example.org>",
)
NOTICE_FROM = mailbox(
    "NOTICE_FROM",
    required("NOTICE_FROM", "the sender of confirmations and links", "Paper Round <hello@papers.example.org>"),
    "Paper Round <hello@papers.example.org>",
)
OPERATOR_ADDRESS = optional("OPERATOR_ADDRESS", "")
if OPERATOR_ADDRESS:
    mailbox("OPERATOR_ADDRESS", OPERATOR_ADDRESS, "operator@example.org")
# Where alarms are posted as JSON beside the mail to that address.
ALARM_WEBHOOK = optional("ALARM_WEBHOOK", "")
if ALARM_WEBHOOK:
    url("ALARM_WEBHOOK", ALARM_WEBHOOK, ("https", "http"), "https://chat.example.org/hooks/papers")
DKIM_KEYS = optional("DKIM_KEYS", "")
BOUNCE_ADDRESS = mailbox(
    "BOUNCE_ADDRESS",
    required("BOUNCE_ADDRESS", "where relays return what cannot be delivered", "bounces@papers.example.org"),
    "bounces@papers.example.org",
)
# Where else what comes back is found: a mailbox, and providers' webhooks (see docs/bounces.md). Whoever posts to a webhook must
# know its secret; Amazon's topics must be listed besides.
BOUNCES_IMAP_URL = optional("BOUNCES_IMAP_URL", "")
if BOUNCES_IMAP_URL:
    url("BOUNCES_IMAP_URL", BOUNCES_IMAP_URL, ("imaps", "imap"), "imaps://bounces:secret@mail.example.org/INBOX")
EVENTS_FROM = frozenset(listed("EVENTS_FROM", r"\w+", "names of providers", "mailgun,postmark"))
EVENT_TOPICS = frozenset(
    listed(
        "EVENT_TOPICS",
        r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d+:[\w.-]+",
        "ARNs of Amazon's topics",
        "arn:aws:sns:eu-west-1:123456789012:papers",
    )
)
ANYMAIL_WEBHOOK_SECRET = shaped(
    "ANYMAIL_WEBHOOK_SECRET",
    r"[^:\s]+:\S{16,}",
    "name:password, the password of 16 characters or more, as in the address that providers post to",
    "events:$(openssl rand -hex 32)",
)
# A worker that is asked to stop waits for the requests in its hands, and has half a minute.
ANYMAIL = (
    prefixed("ANYMAIL_")
    | {"REQUESTS_TIMEOUT": 20}
    | ({"WEBHOOK_SECRET": ANYMAIL_WEBHOOK_SECRET} if ANYMAIL_WEBHOOK_SECRET else {})
)
# How messages leave (DELIVERY_BACKEND): to the relay of SMTP_URL, or by the interface of a provider that django-anymail knows.
PROVIDERS = frozenset(
    {
        "amazon_ses", "brevo", "mailersend", "mailgun", "mailjet", "mailtrap", "mandrill", "postal", "postmark", "resend",
        "scaleway", "sendgrid", "sparkpost", "unisender_go",
    }
)  # fmt: skip
ANYMAIL_ESP = choice("ANYMAIL_ESP", "", {"", *PROVIDERS})
if DELIVERY_BACKEND == "anymail" and not ANYMAIL_ESP:
    raise ImproperlyConfigured("ANYMAIL_ESP is not set, and DELIVERY_BACKEND is anymail; for example ANYMAIL_ESP=mailgun")
# Scaleway posts none.
if unknown := EVENTS_FROM - PROVIDERS | EVENTS_FROM & {"scaleway"}:
    raise ImproperlyConfigured(
        f"EVENTS_FROM names {', '.join(sorted(unknown))}. It takes {', '.join(sorted(PROVIDERS - {'scaleway'}))}; "
        "for example EVENTS_FROM=mailgun"
    )
if EVENTS_FROM and not ANYMAIL_WEBHOOK_SECRET:
    raise ImproperlyConfigured(
        "ANYMAIL_WEBHOOK_SECRET is not set, and EVENTS_FROM lets providers post events. It is name:password, as in the address "
        "they post to; for example ANYMAIL_WEBHOOK_SECRET=events:$(openssl rand -hex 32)"
    )
# A delivery whose outcome nobody knows is sent once more, with the same Message-ID, after this long; or it is held. A
# provider that reports what became of each message gets time to tell.
UNCERTAIN_RESEND = flag("UNCERTAIN_RESEND", default=True)
UNCERTAIN_SETTLE_SECONDS = number("UNCERTAIN_SETTLE_SECONDS", 900 if EVENTS_FROM else 60)
POSTAL_ADDRESS = required(
    "POSTAL_ADDRESS", "the postal address that ends each message, as the law asks", "1 Example Street, 75000 Paris"
)
words("POSTAL_ADDRESS", "1 Example Street, 75000 Paris")
DEFAULT_TIME_ZONE = optional("DEFAULT_TIME_ZONE", "Europe/Paris")
try:
    ZoneInfo(DEFAULT_TIME_ZONE)
except (ValueError, OSError, KeyError) as error:
    raise ImproperlyConfigured(
        f"DEFAULT_TIME_ZONE is {DEFAULT_TIME_ZONE!r}, which is no time zone; for example DEFAULT_TIME_ZONE=Europe/Paris"
    ) from error
# It goes into the User-Agent field of our requests.
CONTACT = shaped("CONTACT", r"[ -~]+", "visible characters of ASCII", "papers@example.org", urlsplit(SITE_URL).netloc)

# How many proxies stand in front and add to X-Forwarded-For; with none, the connection's own address counts.
PROXIES = number("PROXIES", 0, 0, 20)

# What strangers can make us do: forms taken from one network (/24, /48), and messages to one receiving domain and in all.
REQUESTS_PER_NETWORK_AND_HOUR = number("REQUESTS_PER_NETWORK_AND_HOUR", 60, 1)
ASKED_MESSAGES_PER_DOMAIN_AND_HOUR = number("ASKED_MESSAGES_PER_DOMAIN_AND_HOUR", 500, 1)
ASKED_MESSAGES_PER_HOUR = number("ASKED_MESSAGES_PER_HOUR", 2000, 1)
# When a sign-up has to show a proof of work: never, when half of a limit is used up, or always.
PROOF_OF_WORK = choice("PROOF_OF_WORK", "never", {"never", "near", "always"})

# How long a public page may be answered from a process's memory before it is made anew; 0 makes each one anew.
PUBLIC_PAGES_SECONDS = number("PUBLIC_PAGES_SECONDS", 30)

# Set by `make run` alone: the Maildir of the inbox that shows what was sent.
LOCAL_INBOX = optional("LOCAL_INBOX", "")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "anymail",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "subscriptions",
    "digest",
]
MIDDLEWARE = [
    "digest.observability.traces.discreet",
    "digest.observability.health.probes",
    "digest.observability.logs.requests",
    "digest.observability.metrics.requests",
    "digest.cached.public_pages",
    "django.middleware.security.SecurityMiddleware",
    "digest.headers.content_security",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "digest.access.desk.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "digest.access.desk.Authentication",
    "digest.access.desk.SecondFactor",
    "digest.access.second_factor.required",
    "digest.access.desk.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
# An operator's own look: a file of colours and words, and templates that stand before ours, each under the same name.
THEME = optional("THEME", "")
TEMPLATES_DIR = directory("TEMPLATES_DIR", "/etc/paper-round/templates")
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [*filter(None, [TEMPLATES_DIR]), BASE / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "digest.jinja.environment"},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE / "templates" / "admin_site"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "digest.admin.desk.pausing.banner",
            ],
            "builtins": ["django.contrib.humanize.templatetags.humanize"],
        },
    },
]
ROOT_URLCONF = "digest.urls"
WSGI_APPLICATION = "digest.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# Whoever is signed in shows a code of their own device before the admin opens.
SECOND_FACTOR = flag("SECOND_FACTOR", default=not DEBUG)
OTP_TOTP_ISSUER = SITE_NAME
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
# Five wrong passwords for a name from one network lock that pair for half an hour.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = dt.timedelta(minutes=30)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_CLIENT_IP_CALLABLE = "digest.access.lockout.client"
AXES_LOCKOUT_CALLABLE = "digest.access.lockout.locked"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = "digest.formats"

# WhiteNoise reads the files where they lie when the server starts: nothing has to be collected.
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE / "templates" / "static"]
WHITENOISE_USE_FINDERS = True

# Under "no-referrer" browsers send `Origin: null` with forms too (Fetch standard, "append a request Origin header"), and
# Django's CSRF check refuses every POST of the admin. Pages whose address holds a token set the stricter policy themselves.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
# Browsers are told for a year to come by TLS alone, once they have done so; proxies that we count say how a request came.
SECURE_HSTS_SECONDS = number("HSTS_SECONDS", 31_536_000) if SITE_URL.startswith("https:") else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXIES else None
# What stands in front redirects to https (Caddy does by itself); subdomains and browsers' own lists are not ours to decide on.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https:")
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "digest.failures.forbidden"

# Ramps around the colours of the site: paper, ink, quiet ink and rule; and its one accent, which dark pages take lighter.
UNFOLD = {
    "SITE_TITLE": SITE_NAME,
    "SITE_HEADER": SITE_NAME,
    "SITE_SYMBOL": "newspaper",
    "SITE_URL": "/",
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "3px",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "digest.admin.home.icon"}],
    "STYLES": ["digest.admin.home.stylesheet"],
    "DASHBOARD_CALLBACK": "digest.admin.home.context",
    "SIDEBAR": {"navigation": "digest.admin.navigation.sidebar"},
    "COLORS": {
        "base": {
            "50": "#f6f4ec",
            "100": "#efece2",
            "200": "#dcd8cc",
            "300": "#c9c5b8",
            "400": "#a3a096",
            "500": "#6a675f",
            "600": "#55534c",
            "700": "#45433d",
            "800": "#34332d",
            "900": "#161613",
            "950": "#0f0f0d",
        },
        "primary": {
            "50": "#eff6f3",
            "100": "#d9ebe4",
            "200": "#b5d8cb",
            "300": "#8fd0bb",
            "400": "#7fcdb4",
            "500": "#6fc7ac",
            "600": "#0f5c4a",
            "700": "#0c4b3c",
            "800": "#0a3d31",
            "900": "#083027",
            "950": "#051f19",
        },
        "font": {
            "subtle-light": "#6a675f",
            "subtle-dark": "#a3a096",
            "default-light": "#45433d",
            "default-dark": "#c9c5b8",
            "important-light": "#1b1b18",
            "important-dark": "#eceae2",
        },
    },
}

_broker = urlsplit(REDIS_URL)
CELERY_BROKER_URL = f"redis+socket://{_broker.path}?virtual_host=0" if _broker.scheme == "unix" else REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A hint that cannot be given is not worth a visitor's time: three tries within a fraction of a second.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": number("VISIBILITY_TIMEOUT_SECONDS", 3600, 1),
    "max_retries": 3,
    "interval_start": 0,
    "interval_step": 0.05,
    "interval_max": 0.1,
}
# Sending and ingesting scale apart; a worker that is given no queue (-Q) serves both.
CELERY_TASK_DEFAULT_QUEUE = "send"
CELERY_TASK_QUEUES = [Queue("send"), Queue("ingest")]
CELERY_TASK_ROUTES = {
    f"digest.tasks.{name}": {"queue": "ingest"}
    for name in ("poll_due_sources", "poll_source", "fill_missing_days", "learn_words", "read_for_search", "embed_papers")
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# The schedule is static and short: what is due lives in rows, and a lost hint is found at the next tick.
CELERY_BEAT_SCHEDULE = {
    "publish what is due": {"task": "digest.tasks.publish_due", "schedule": crontab()},
    "deliver what waits": {"task": "digest.tasks.deliver_waiting", "schedule": float(DELIVER_EVERY_SECONDS)},
    "recover what a dead worker held": {
        "task": "digest.tasks.recover_expired",
        "schedule": float(RECOVER_EVERY_SECONDS),
    },
    "poll sources": {"task": "digest.tasks.poll_due_sources", "schedule": 60.0},
    "look up what readers brought": {"task": "digest.tasks.look_up_submissions", "schedule": 60.0},
    "look for alarms": {"task": "digest.tasks.look_for_alarms", "schedule": crontab(minute="*/10")},
    "fill missing days": {"task": "digest.tasks.fill_missing_days", "schedule": crontab(minute=17)},
    "read changed papers for search": {"task": "digest.tasks.read_for_search", "schedule": 20.0},
    "compute missing vectors": {"task": "digest.tasks.embed_papers", "schedule": crontab(minute="*/10")},
    "learn the words of the papers": {
        "task": "digest.tasks.learn_words",
        "schedule": crontab(day_of_week="6", hour="3", minute="40"),
    },
    "count what the days saw": {"task": "digest.tasks.count_days", "schedule": crontab(minute="7,37")},
    "remove what is old": {"task": "digest.tasks.forget_old", "schedule": crontab(hour="2", minute="25")},
    "answer what was asked": {"task": "subscriptions.tasks.answer_requests", "schedule": 20.0},
    "go on with operators' jobs": {"task": "subscriptions.tasks.advance_jobs", "schedule": 30.0},
    "forget what nobody confirmed": {"task": "subscriptions.tasks.forget_unconfirmed", "schedule": crontab(minute="17")},
}
if BOUNCES_IMAP_URL:
    CELERY_BEAT_SCHEDULE["take what came back"] = {"task": "digest.tasks.take_returned", "schedule": 60.0}
# Any number of beats may run; one leads.
CELERY_BEAT_SCHEDULER = "digest.leadership.Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "beat-schedule")

LOGGING = logs.configuration(
    choice("LOG_FORMAT", "line", logs.FORMATS),
    choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"}),
)

# How long things are kept, in days; 0 keeps them for ever. Issues are their readers' archive and stay.
KEEP_DAYS = {
    "polls": number("KEEP_POLLS_DAYS", 90),
    "deliveries": number("KEEP_DELIVERIES_DAYS", 730),
    "notices": number("KEEP_NOTICES_DAYS", 30),
}
# Where pg_dump and pg_restore lie, for backups; empty: those of the wheel we depend on, or else on the PATH.
PG_BIN = directory("PG_BIN", "/usr/lib/postgresql/18/bin")

# Whoever shows this token may read /metrics; empty: nobody. A worker serves its own on this port of 127.0.0.1; 0: nowhere.
METRICS_TOKEN = shaped("METRICS_TOKEN", r"[!-~]{16,}", "16 visible characters of ASCII or more", "$(openssl rand -hex 32)")
METRICS_PORT = number("METRICS_PORT", 0, 0, 65535)

# Faults go to Sentry where its package is installed and this says where; docs/operations.md tells of traces.
SENTRY_DSN = optional("SENTRY_DSN", "")
if SENTRY_DSN:
    url("SENTRY_DSN", SENTRY_DSN, ("https", "http"), "https://key@sentry.example.org/1")
    sentry.start(SENTRY_DSN)
