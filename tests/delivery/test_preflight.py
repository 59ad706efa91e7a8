"""What receivers ask of bulk senders."""

import base64
import datetime as dt
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from digest import messages, preflight, tasks
from digest.delivery import brakes, deliver, queue_notices
from digest.messages.dkim import Signer, signed
from digest.models import Bounce, Brake, Delivery, Preflight
from digest.preflight import Finding, Greeting, Level
from digest.preflight.spf import spf
from subscriptions import consent
from subscriptions.models import Consent
from tests.delivery.cast import MONDAY, letters, notice_for, policy, reader, waiting
from tests.delivery.relay import Relay
from tests.delivery.village import Village, ed25519_key, published, rsa_key

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _configured(settings: Settings, tmp_path: Path) -> None:
    settings.DKIM_SELECTOR = "s1"
    settings.RELAY_ADDRESSES = ["192.0.2.7"]
    settings.SMTP_URL = "smtps://relay.example.net"
    settings.SAFETY_LOG = str(tmp_path / "safety.log")


def at_level(level: Level, world: Village) -> list[str]:
    return [each.check for each in preflight.run(world, MONDAY) if each.level is level]


def fatal(world: Village) -> list[str]:
    return at_level(Level.FATAL, world)


def test_a_sender_in_order_passes() -> None:
    world = Village()
    findings = preflight.run(world, MONDAY)
    assert {each.level for each in findings} == {Level.FINE}, [each for each in findings if each.level is not Level.FINE]
    ((url, form),) = world.posted
    assert url.startswith("https://papers.example.org/unsubscribe/")
    assert form == {"List-Unsubscribe": "One-Click"}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"papers.example.org": []}, "SPF"),
        ({"papers.example.org": ["v=spf1 -all", "v=spf1 ~all"]}, "SPF"),
        ({"papers.example.org": ["v=spf1 +all"]}, "SPF"),
        ({"papers.example.org": ["v=spf1 ip4:198.51.100.0/24 -all"]}, "SPF"),
        ({"papers.example.org": ["v=spf1 include:nowhere.example.net ip4:192.0.2.7 -all"]}, "SPF"),
        ({"papers.example.org": ["v=spf1 ip4:192.0.2.7 ipv6:2001:db8::1 -all"]}, "SPF"),
        ({"papers.example.org": ["v=spf1 ip4:192.0.2.700 ip4:192.0.2.7 -all"]}, "SPF"),
        ({"papers.example.org": ["v=spf1 a:a.example.net a:b.example.net a:c.example.net ip4:192.0.2.7 -all"]}, "SPF"),
        ({"relay.example.net": ["v=spf1 include:relay.example.net"]}, "SPF"),
        ({"s1._domainkey.papers.example.org": []}, "DKIM"),
        ({"s1._domainkey.papers.example.org": ["v=DKIM1; p="]}, "DKIM"),
        ({"s1._domainkey.papers.example.org": ["v=DKIM1; p=***"]}, "DKIM"),
        ({"s1._domainkey.papers.example.org": [f"p={base64.b64encode(b'k' * 100).decode()}"]}, "DKIM"),
        ({"_dmarc.papers.example.org": []}, "DMARC"),
        ({"_dmarc.papers.example.org": ["v=DMARC1; p=maybe"]}, "DMARC"),
        ({"_dmarc.papers.example.org": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "DMARC"),
    ],
)
def test_what_is_wrong_in_dns_is_named_with_how_to_mend_it(change: Mapping[str, list[str]], check: str) -> None:
    findings: list[Finding] = [each for each in preflight.run(Village(change), MONDAY) if each.level is Level.FATAL]
    assert [each.check for each in findings] == [check]
    assert findings[0].mend


def found_by_spf(world: Village, *relays: str) -> Finding:
    (finding,) = spf(world, "papers.example.org", relays or ["192.0.2.7"])
    return finding


def test_spf_counts_lookups_through_the_whole_chain_and_names_it() -> None:
    chain = {f"{n}.example.net": [f"v=spf1 include:{n + 1}.example.net -all"] for n in range(12)}
    world = Village({"papers.example.org": ["v=spf1 include:0.example.net -all"], **chain})
    finding = found_by_spf(world)
    assert finding.level is Level.FATAL
    assert "more than 10 lookups" in finding.found
    assert "papers.example.org > 0.example.net > 1.example.net" in finding.found
    world = Village(
        {**chain, "9.example.net": ["v=spf1 ip4:192.0.2.7 -all"], "papers.example.org": ["v=spf1 include:0.example.net -all"]}
    )
    assert found_by_spf(world).found.endswith("10 lookups of 10")


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 a:out.example.net -all",
        "v=spf1 mx:example.net -all",
        "v=spf1 a:near.example.net/24 -all",
        "v=spf1 redirect=relay.example.net",
        "V=SPF1 IP4:192.0.2.0/28 ~ALL",
    ],
)
def test_spf_finds_the_relay_however_it_is_named(record: str) -> None:
    world = Village(
        {"papers.example.org": [record]},
        hosts={"out.example.net": ["192.0.2.7"], "near.example.net": ["192.0.2.200"]},
        mail={"example.net": ["out.example.net"]},
    )
    assert found_by_spf(world).level is Level.FINE


def test_an_spf_record_without_an_end_is_a_warning() -> None:
    assert found_by_spf(Village({"papers.example.org": ["v=spf1 ip4:192.0.2.7"]})).level is Level.WARNING


def test_a_short_key_is_a_warning_and_a_very_short_one_fatal() -> None:
    name = "s1._domainkey.papers.example.org"
    assert at_level(Level.WARNING, Village({name: [published(rsa_key(1024))]})) == ["DKIM"]
    assert fatal(Village({name: [published(ed25519_key())]})) == []


def test_the_published_key_must_be_the_half_of_ours(settings: Settings, tmp_path: Path) -> None:
    pem = rsa_key(3072).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(pem)
    settings.DKIM_SELECTOR, settings.DKIM_KEYS = "", f"s1:{tmp_path / 'key.pem'}"
    (wrong,) = [each for each in preflight.run(Village(), MONDAY) if each.level is Level.FATAL]
    assert "another key" in wrong.found
    assert fatal(Village({"s1._domainkey.papers.example.org": [published(rsa_key(3072))]})) == []


def test_a_record_of_the_organization_applies_to_its_subdomains() -> None:
    texts = {"_dmarc.papers.example.org": [], "_dmarc.example.org": ["v=DMARC1; p=reject; rua=mailto:d@example.org"]}
    assert at_level(Level.FINE, Village(texts)).count("DMARC") == 1


def test_a_return_path_elsewhere_is_a_warning_as_dkim_still_aligns(settings: Settings) -> None:
    settings.BOUNCE_ADDRESS = "bounces@mail.example.com"
    texts = {"mail.example.com": ["v=spf1 ip4:192.0.2.7 -all"]}
    world = Village(texts, mail={"papers.example.org": ["in.example.net"], "mail.example.com": ["in.example.net"]})
    assert at_level(Level.WARNING, world) == ["alignment"]


def test_siblings_under_one_organization_are_aligned(settings: Settings) -> None:
    settings.BOUNCE_ADDRESS = "bounces@mail.example.org"
    texts = {"mail.example.org": ["v=spf1 ip4:192.0.2.7 -all"], "_dmarc.example.org": ["v=DMARC1; p=none"]}
    world = Village(texts, mail={"papers.example.org": ["in.example.net"], "mail.example.org": ["in.example.net"]})
    assert "alignment" in at_level(Level.FINE, world)


def test_an_address_without_a_name_that_leads_back_is_fatal() -> None:
    assert fatal(Village(reverse={})) == ["PTR"]
    assert fatal(Village(hosts={"out.example.net": ["192.0.2.8"]})) == ["PTR"]


def test_messages_must_not_leave_in_the_clear(settings: Settings) -> None:
    settings.SMTP_URL = "smtp://relay.example.net"
    assert fatal(Village()) == ["TLS"]
    settings.SMTP_URL = "smtp://127.0.0.1:2525"
    assert fatal(Village(greeting=Greeting("", frozenset({"8BITMIME"})))) == []


def test_a_relay_that_does_not_receive_us_is_fatal() -> None:
    assert fatal(Village(greeting=OSError("certificate verify failed"))) == ["TLS"]
    assert fatal(Village(greeting=Greeting("TLSv1.1", frozenset({"8BITMIME"})))) == ["TLS"]


def test_one_click_unsubscription_must_answer() -> None:
    assert fatal(Village(status=302)) == ["one-click"]
    assert fatal(Village(status=OSError("timed out"))) == ["one-click"]


def test_a_sender_at_a_mailbox_provider_is_fatal(settings: Settings) -> None:
    settings.NOTICE_FROM = "Paper Round <paper.round@gmail.com>"
    world = Village(mail={"papers.example.org": ["in.example.net"], "gmail.com": ["in.example.net"]})
    assert fatal(world) == ["sender"]


def test_bounces_must_be_able_to_come_back() -> None:
    assert fatal(Village(mail={})) == ["answers"]
    assert fatal(Village(mail={"papers.example.org": ["."]})) == ["answers"]


def test_too_many_complaints_are_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    (ada,) = waiting("ada")
    Delivery.objects.update(state="accepted", finished_at=MONDAY)
    for _ in range(3):
        Bounce.objects.create(delivery=ada, verdict="complaint", why="-", received_at=MONDAY)
    assert fatal(Village()) == [], "three of one say nothing"
    monkeypatch.setattr("digest.preflight.conduct._ENOUGH_TO_TELL", 1)
    assert fatal(Village()) == ["complaints"]


def test_many_addresses_that_do_not_exist_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    (ada,) = waiting("ada")
    Delivery.objects.update(state="accepted", finished_at=MONDAY)
    Bounce.objects.create(delivery=ada, verdict="suppress", why="-", received_at=MONDAY)
    assert at_level(Level.WARNING, Village()) == [], "one of one says nothing"
    monkeypatch.setattr("digest.preflight.conduct._ENOUGH_TO_TELL", 1)
    assert at_level(Level.WARNING, Village()) == ["bounces"]


def test_a_message_that_gmail_would_cut_is_a_warning() -> None:
    waiting("ada")
    Delivery.objects.update(size=150_000, created_at=MONDAY)
    assert at_level(Level.WARNING, Village()) == []
    Delivery.objects.update(size=250_000)
    assert at_level(Level.WARNING, Village()) == ["size"]


def test_a_departure_that_the_safety_log_lacks_is_fatal(settings: Settings) -> None:
    settings.SAFETY_LOG = "/dev/null/safety.log"
    consent.record(reader("ada"), Consent.Event.UNSUBSCRIBED, "link", "-", MONDAY - HOUR)
    settings.SAFETY_LOG = "/nonexistent/safety.log"
    assert fatal(Village()) == ["safety log"]


def test_a_world_that_does_not_answer_is_a_warning() -> None:
    class Silence(Village):
        def txt(self, name: str) -> list[str]:
            raise OSError("no answer")

    findings = preflight.run(Silence(), MONDAY)
    assert {each.level for each in findings if each.check == "outside world"} == {Level.WARNING}


# A message to oneself


def arrived(
    *, key: str = "s1", results: str = "spf=pass dkim=pass dmarc=pass", change: tuple[bytes, bytes] = (b"", b"")
) -> bytes:
    _, content = preflight.probe("ada@example.com", MONDAY)
    mailed = signed(content, [Signer("papers.example.org", key, rsa_key())]) if key else content
    received = (
        "Received: from out.example.net by mx.example.com with ESMTPS id 1; Mon, 16 Mar 2026 07:00:00 +0000\r\n"
        f"Authentication-Results: mx.example.com; {results}\r\n"
    )
    return received.encode() + mailed.replace(*change)


def levels(octets: bytes) -> dict[str, Level]:
    return {each.check: each.level for each in preflight.received(Village(), octets)}


def test_a_message_that_arrived_signed_passes() -> None:
    assert set(levels(arrived()).values()) == {Level.FINE}


@pytest.mark.parametrize(
    ("octets", "check"),
    [
        (arrived(key=""), "DKIM of a message"),
        (arrived(key="s2"), "DKIM of a message"),
        (arrived(change=(b"Preflight", b"Postflight")), "DKIM of a message"),
        (arrived(results="spf=pass dkim=pass dmarc=fail"), "receiver"),
        (arrived(change=(b"List-Unsubscribe-Post:", b"X-Removed:")), "one-click fields"),
    ],
    ids=["unsigned", "unpublished key", "altered", "the receiver refuses", "one-click fields removed"],
)
def test_a_message_that_arrived_otherwise_says_what_is_wrong(octets: bytes, check: str) -> None:
    assert levels(octets)[check] is Level.FATAL


def test_a_file_that_is_no_message_says_so() -> None:
    (finding,) = preflight.received(Village(), b"hello")
    assert finding.level is Level.FATAL


def test_the_message_to_oneself_goes_through_the_relay(relay: Relay, settings: Settings, tmp_path: Path) -> None:
    settings.SMTP_URL = relay.url
    call_command("preflight", "--send-to", "ada@example.com", stdout=StringIO())
    assert relay.taken[0].recipient == "ada@example.com"
    assert relay.taken[0].sender == messages.bounce_address()
    (tmp_path / "message.eml").write_bytes(relay.taken[0].content)
    with pytest.raises(CommandError, match="DKIM of a message"):
        call_command("preflight", "--received", str(tmp_path / "message.eml"), stdout=StringIO())
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("preflight", "--received", str(tmp_path / "nothing.eml"), stdout=StringIO())


# What follows from it


def test_a_failed_preflight_holds_issues_back_but_no_notices(relay: Relay) -> None:
    waiting("ada")
    preflight.keep([Finding("SPF", Level.FATAL, "no record", "Publish one.")], MONDAY)
    assert Brake.objects.standing().get().why == "SPF: no record"
    notice_for(reader("grace"))
    queue_notices(MONDAY)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}
    preflight.keep([Finding("SPF", Level.FINE, "ok")], MONDAY)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}


def test_the_first_run_of_a_day_checks_and_the_others_do_not() -> None:
    runs: list[dt.datetime] = []

    def check(now: dt.datetime, level: Level = Level.FINE) -> Preflight | None:
        def run() -> list[Finding]:
            runs.append(now)
            return [Finding("SPF", level, "-")]

        return preflight.before_sending(run, now)

    midnight = MONDAY.replace(hour=0)
    assert check(midnight - HOUR) is not None
    assert check(midnight) is not None
    assert check(MONDAY) is None
    assert not Brake.objects.standing().exists()
    assert check(MONDAY + DAY, Level.FATAL) is not None
    assert check(MONDAY + DAY + HOUR / 2) is None
    assert Brake.objects.standing().get().kind == "preflight"
    assert check(MONDAY + DAY + HOUR) is not None, "what failed is looked at again within the hour"
    assert not Brake.objects.standing().exists()
    assert len(runs) == 4


def test_issues_wait_while_another_worker_checks() -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [preflight.verdict._LOCK])
        assert preflight.before_sending(list, MONDAY) is None
        assert "under way" in brakes.standing(MONDAY).issues
        with other.cursor() as cursor:  # closing alone would free it only when the server's process has ended, a moment later
            cursor.execute("SELECT pg_advisory_unlock(%s)", [preflight.verdict._LOCK])
    finally:
        other.close()
    assert preflight.before_sending(list, MONDAY) is not None
    assert brakes.standing(MONDAY).issues == ""


def test_the_task_keeps_the_findings_for_the_operator_to_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "Internet", lambda: Village({"papers.example.org": []}))
    assert tasks.check_preflight("ada")["fatal"] == ["SPF: papers.example.org has no SPF records"]
    last = Preflight.objects.latest()
    assert (last.by, last.fatal) == ("ada", True)
    assert {"SPF", "DKIM", "DMARC", "PTR", "TLS", "one-click"} <= {each["check"] for each in last.findings}
    monkeypatch.setattr(preflight, "Internet", Village)
    assert tasks.check_preflight()["fatal"] == []
    assert not Brake.objects.standing().exists()


def test_the_command_tells_how_to_mend_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "Internet", lambda: Village({"papers.example.org": []}))
    output = StringIO()
    with pytest.raises(CommandError, match="Not fit for bulk sending: SPF"):
        call_command("preflight", stdout=output)
    assert "Publish one TXT record" in output.getvalue()


def test_a_verdict_that_falls_while_our_brake_is_being_set_lifts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """We found the checks due, another worker's verdict fell, then our brake; that worker still holds the lock."""
    real = preflight.verdict.due
    asked: list[bool] = []

    def due(now: dt.datetime) -> bool:
        if not asked:
            asked.append(real(now))
            preflight.keep([Finding("SPF", Level.FINE, "-")], now)
            return True
        return real(now)

    monkeypatch.setattr(preflight.verdict, "due", due)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [preflight.verdict._LOCK])
        assert preflight.before_sending(list, MONDAY) is None
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [preflight.verdict._LOCK])
    finally:
        other.close()
    assert asked == [True]
    assert brakes.standing(MONDAY).issues == ""
