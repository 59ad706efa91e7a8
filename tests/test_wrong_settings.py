"""Each setting with values that cannot be meant: the start, or the check before it, says which one it is and how to mend it."""

import os
import pkgutil
import re
import runpy
from pathlib import Path

import anymail.backends
import anymail.webhooks
import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from digest.environment import BASE
from tests.test_settings import EVERY, SETTINGS

LINES = ["a\nb", "a\r\nBcc: all@example.net", "a\x00b"]
NUMBER = ["many", "-1", "1.5", "1e3", "٣", "0x10"]
POSITIVE = ["0", *NUMBER]
FLAG = ["perhaps", "2", "on and off"]
ADDRESS = ["nobody", "@example.org", "nobody@", "a@example.org\nBcc: b@example.org", "<>", "digest papers.example.org"]
WRONG: dict[str, list[str]] = {
    "SECRET_KEY": ["", "short"],
    "TOKEN_KEYS": ["", "short", "0" * 64 + ","],
    "IDENTITY_KEY": ["", "short"],
    "SITE_URL": [
        "", "papers.example.org", "ftp://papers.example.org", "https://", "https://papers.example.org/papers", "https://[::1",
        "https://papers.example.org:port", "https://name@papers.example.org", "https://papers.example.org?x=1",
    ],
    "SITE_NAME": LINES,
    "ALLOWED_HOSTS": ["*", "https://papers.example.org", "papers.example.org/x", "a b", "papers.example.org:8000"],
    "CONTACT": ["Ångström", *LINES],
    "DEFAULT_TIME_ZONE": ["Europe/Atlantis", "../etc/passwd", "Paris", "UTC+1"],
    "DATABASE_URL": ["", "mysql://db.example.org/x", "paperround", "postgres://", "postgres://db.example.org:port/x"],
    "REDIS_URL": ["", "amqp://queue.example.org", "redis://", "redis://queue.example.org:port", "queue:6379"],
    "DATABASE_CONN_MAX_AGE": NUMBER,
    "SMTP_URL": ["", "relay.example.org:25", "smtp://", "smtp://relay.example.org:port", "http://relay.example.org"],
    "SMTP_HELLO": ["two words", "relay.example.org\r\nMAIL FROM:<>", "https://relay.example.org"],
    "SMTP_CONNECTIONS": [*POSITIVE, "101"],
    "SMTP_TIMEOUT_SECONDS": POSITIVE,
    "SEND_RATE": NUMBER,
    "DOMAIN_RATES": ["example.com", "example.com=fast", "example.com=0", "=5", "example.com=-1"],
    "SEND_WORKERS": POSITIVE,
    "WARMUP": ["slowly", "2026-02-30:200:1.5", "2026-03-01:0:1.5", "2026-03-01:200:1", "2026-03-01:200"],
    "UNCERTAIN_RESEND": FLAG,
    "UNCERTAIN_SETTLE_SECONDS": NUMBER,
    "LEASE_SECONDS": [*POSITIVE, "1"],
    "DELIVER_EVERY_SECONDS": POSITIVE,
    "RECOVER_EVERY_SECONDS": POSITIVE,
    "VISIBILITY_TIMEOUT_SECONDS": POSITIVE,
    "DKIM_SELECTOR": ["two words", "2026a._domainkey; v=1", "."],
    "RELAY_ADDRESSES": ["relay.example.org", "192.0.2.0/24", "192.0.2.300"],
    "PREFLIGHT": FLAG,
    "SAFETY_LOG": ["/", "/dev/null/safety.log"],
    "DIGEST_FROM": ["", *ADDRESS],
    "NOTICE_FROM": ["", *ADDRESS],
    "BOUNCE_ADDRESS": ["", *ADDRESS, f"{'b' * 40}@example.org"],
    "OPERATOR_ADDRESS": ADDRESS,
    "ALARM_WEBHOOK": ["chat.example.org", "mailto:operator@example.org", "https://"],
    "BOUNCES_IMAP_URL": ["mail.example.org", "imaps://mail.example.org", "imap://a:b@mail.example.org/INBOX", "imaps://a:b@x:port/I"],
    "DELIVERY_BACKEND": ["pigeon", "SMTP"],
    "ANYMAIL_ESP": ["pigeon", "sendinblue", "Mailgun"],
    "EVENTS_FROM": ["pigeon", "mailgun,pigeon", "scaleway", "mail gun"],
    "EVENT_TOPICS": ["papers", "arn:aws:sqs:eu-west-1:123456789012:papers"],
    "ANYMAIL_WEBHOOK_SECRET": ["no-colon-in-what-is-long-enough", "events:short", ":password-of-sixteen-and-more"],
    "DKIM_KEYS": ["2026a", "2026a:/nonexistent/key.pem"],
    "THEME": ["/nonexistent/theme.toml"],
    "TEMPLATES_DIR": ["/nonexistent/templates"],
    "POSTAL_ADDRESS": ["", *LINES],
    "PROXIES": [*NUMBER, "21"],
    "REQUESTS_PER_NETWORK_AND_HOUR": POSITIVE,
    "ASKED_MESSAGES_PER_DOMAIN_AND_HOUR": POSITIVE,
    "ASKED_MESSAGES_PER_HOUR": POSITIVE,
    "PROOF_OF_WORK": ["sometimes", "NEVER"],
    "LOG_FORMAT": ["xml"],
    "METRICS_TOKEN": ["short", "a token with spaces in it", "ein-schlüssel-von-größe"],
    "METRICS_PORT": [*NUMBER, "65536"],
    "SENTRY_DSN": ["sentry", "sentry.example.org/1", "https://sentry.example.org/1"],
    "KEEP_POLLS_DAYS": NUMBER,
    "KEEP_DELIVERIES_DAYS": NUMBER,
    "KEEP_NOTICES_DAYS": NUMBER,
    "PG_BIN": ["/nonexistent/bin"],
    "PUBLIC_PAGES_SECONDS": NUMBER,
    "HSTS_SECONDS": NUMBER,
    "SECOND_FACTOR": [*FLAG, "0"],
    "DEBUG": [*FLAG, "1"],
    "LOG_LEVEL": ["LOUD", "info"],
    "PAPER_ROUND_VAR": ["/dev/null/var"],
    "LOCAL_INBOX": ["/tmp/inbox"],  # noqa: S108 - it is not made
}  # fmt: skip
CASES = [(name, value) for name, values in WRONG.items() for value in values]


def test_every_setting_is_tried() -> None:
    assert set(WRONG) == EVERY


def _complaint(name: str, value: str, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> str:
    """What an operator reads who starts with this value, or runs the check."""
    monkeypatch.delitem(os.environ, name, raising=False)
    if "\0" in value:  # which no environment can hold; a file of settings can
        monkeypatch.setattr("digest.environment._local", {name: value})
    else:
        monkeypatch.setenv(name, value)
    try:
        found = runpy.run_path(SETTINGS)
    except ImproperlyConfigured as error:
        return str(error)
    for each, is_now in found.items():
        # What is read once, when the process starts, is not read again by changing it here.
        if each.isupper() and each not in {"DATABASES", "INSTALLED_APPS", "TEMPLATES", "LOGGING", "REDIS_URL"}:
            setattr(settings, each, is_now)
    if name == "PAPER_ROUND_VAR":
        monkeypatch.setattr("digest.environment.VAR", Path(value))
    try:
        complaints = checks.run_checks(include_deployment_checks=True)
    except ImproperlyConfigured as error:
        return str(error)
    return "\n".join(f"{each.msg} {each.hint or ''}" for each in complaints if each.is_serious())


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{name}-{value!r}" for name, value in CASES])
def test_what_cannot_be_meant_is_named_with_the_way_out(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    if name in {"BOUNCES_IMAP_URL", "ANYMAIL_WEBHOOK_SECRET"}:
        monkeypatch.setenv("EVENTS_FROM", "")
    said = _complaint(name, value, monkeypatch, settings)
    assert re.search(rf"\b{name}\b", said), said
    shown = f"{name}=" in said or "for example" in said or "Set " in said or "Unset it" in said or "Let " in said
    assert shown, said


@pytest.mark.django_db
@pytest.mark.parametrize("provider", ["mailgun", "postmark", "resend"])
def test_a_provider_without_its_key_is_named(provider: str, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("ANYMAIL_ESP", provider)
    said = _complaint("DELIVERY_BACKEND", "anymail", monkeypatch, settings)
    assert f"{provider.upper()}_" in said


def test_anymail_as_the_way_out_needs_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELIVERY_BACKEND", "anymail")
    monkeypatch.setenv("ANYMAIL_ESP", "")
    with pytest.raises(ImproperlyConfigured, match="ANYMAIL_ESP is not set"):
        runpy.run_path(SETTINGS)


def test_events_need_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTS_FROM", "mailgun")
    monkeypatch.setenv("ANYMAIL_WEBHOOK_SECRET", "")
    with pytest.raises(ImproperlyConfigured, match="ANYMAIL_WEBHOOK_SECRET is not set"):
        runpy.run_path(SETTINGS)


def test_a_password_in_an_address_that_cannot_be_read_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SMTP_URL", "smtp://name:hunter2@relay:port"), ("DATABASE_URL", "mysql://name:hunter2@db/x")):
        with monkeypatch.context() as only:
            only.setenv(name, value)
            with pytest.raises(ImproperlyConfigured) as refused:
                runpy.run_path(SETTINGS)
            assert "hunter2" not in str(refused.value)


def test_the_providers_are_those_that_anymail_knows() -> None:
    found = runpy.run_path(SETTINGS)["PROVIDERS"]
    no_provider = {"base", "base_requests", "console", "test", "sendinblue"}  # the last is Brevo's former name
    assert found == {each.name for each in pkgutil.iter_modules(anymail.backends.__path__)} - no_provider
    assert found - {"scaleway"} == {each.name for each in pkgutil.iter_modules(anymail.webhooks.__path__)} - no_provider
    assert len(found) == 14


def test_the_second_factor_is_on_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECOND_FACTOR", raising=False)
    assert runpy.run_path(SETTINGS)["SECOND_FACTOR"] is True


def test_the_example_itself_is_complete_but_for_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever fills in the four secrets can start."""
    for line in (BASE / ".env.example").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([A-Z_]+)=(.*)", line):
            monkeypatch.setenv(found[1], found[2].strip('"'))
    for name in ("SECRET_KEY", "TOKEN_KEYS", "IDENTITY_KEY"):
        monkeypatch.setenv(name, name[0] * 64)
    monkeypatch.setenv("PAPER_ROUND_VAR", str(tmp_path))
    assert runpy.run_path(SETTINGS)["SITE_URL"] == "https://papers.example.org"
