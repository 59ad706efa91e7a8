"""`manage.py check --deploy` is quiet about a sound deployment and says what is wrong with an unsound one."""

import pytest
from django.core import checks
from pytest_django import Settings

from digest.deployment import ready_for_production

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sound(settings: Settings) -> None:
    """A deployment that everything is right with."""
    settings.SECRET_KEY = "0123456789abcdef" * 4
    settings.TOKEN_KEYS = ["fedcba9876543210" * 4]
    settings.IDENTITY_KEY = "02468ace13579bdf" * 4
    settings.OPERATOR_ADDRESS = "operator@example.org"
    settings.SECOND_FACTOR = True


def found() -> dict[str, checks.CheckMessage]:
    # The tests' own Valkey keeps nothing on disk.
    return {str(each.id): each for each in ready_for_production(None) if each.id != "digest.W111"}


def test_a_sound_deployment_is_clean() -> None:
    assert found() == {}
    assert [
        each
        for each in checks.run_checks(include_deployment_checks=True)
        if each.id not in {"digest.W111", "async.E001"} and not each.is_silenced()
    ] == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SITE_URL", "http://papers.example.org", "digest.E101"),
        ("DIGEST_FROM", "Paper Round <digest@elsewhere.example>", "digest.W102"),
        ("NOTICE_FROM", "Paper Round <digest@papers.example.org>", "digest.W103"),
        ("POSTAL_ADDRESS", "1 Example Street, 75000 Paris", "digest.E104"),
        ("OPERATOR_ADDRESS", "", "digest.W105"),
        ("IDENTITY_KEY", "fedcba9876543210" * 4, "digest.E106"),
        ("TOKEN_KEYS", ["a" * 64], "digest.E107"),
        ("SECOND_FACTOR", False, "digest.E115"),
        ("LOCAL_INBOX", "/var/mail/inbox", "digest.E108"),
        ("EVENTS_FROM", frozenset({"mailgun"}), "digest.E116"),
        ("EVENTS_FROM", frozenset({"amazon_ses"}), "digest.E117"),
        ("REDIS_URL", "unix:///nonexistent/valkey.sock", "digest.E109"),
    ],
)
def test_what_is_wrong_is_named_with_the_way_out(settings: Settings, name: str, value: object, expected: str) -> None:
    setattr(settings, name, value)
    findings = found()
    assert list(findings) == [expected]
    assert findings[expected].hint


@pytest.mark.parametrize("domain", ["papers.example.org", "mail.papers.example.org", "mail.example.org", "example.org"])
def test_senders_may_use_a_domain_beside_or_around_the_sites(settings: Settings, domain: str) -> None:
    settings.BOUNCE_ADDRESS = f"bounces@{domain}"
    assert found() == {}
