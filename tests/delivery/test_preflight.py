"""What receivers ask of bulk senders."""

import base64
from collections.abc import Mapping
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from digest import preflight, tasks
from digest.delivery import brakes, deliver, queue_notices
from digest.models import Bounce, Brake, Delivery
from digest.preflight import Finding, Level
from tests.delivery.cast import MONDAY, letters, notice_for, policy, reader, waiting
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)

KEY = base64.b64encode(b"k" * (38 + 256)).decode()


class Village:
    """A small outside world."""

    def __init__(self, texts: Mapping[str, list[str]], **more: object) -> None:
        self.texts = texts
        self.hosts: Mapping[str, list[str]] = more.get("hosts", {})  # type: ignore[assignment]
        self.reverse: Mapping[str, list[str]] = more.get("reverse", {})  # type: ignore[assignment]
        self.status: int = more.get("status", 200)  # type: ignore[assignment]
        self.posted: list[str] = []

    def txt(self, name: str) -> list[str]:
        return self.texts.get(name, [])

    def addresses(self, name: str) -> list[str]:
        return self.hosts.get(name, [])

    def names(self, address: str) -> list[str]:
        return self.reverse.get(address, [])

    def post(self, url: str, form: dict[str, str]) -> int:
        self.posted.append(url)
        return self.status


GOOD = {
    "papers.example.org": ["v=spf1 include:relay.example.net -all"],
    "relay.example.net": ["v=spf1 ip4:192.0.2.0/24 -all"],
    "s1._domainkey.papers.example.org": [f"v=DKIM1; k=rsa; p={KEY}"],
    "_dmarc.papers.example.org": ["v=DMARC1; p=none"],
}
HOSTS = {"out.example.net": ["192.0.2.7"]}
REVERSE = {"192.0.2.7": ["out.example.net"]}


@pytest.fixture(autouse=True)
def _configured(settings: pytest.FixtureRequest) -> None:
    settings.DKIM_SELECTOR = "s1"  # type: ignore[attr-defined]
    settings.RELAY_ADDRESSES = ["192.0.2.7"]  # type: ignore[attr-defined]
    settings.SMTP_URL = "smtps://relay.example.net"  # type: ignore[attr-defined]


def village(change: Mapping[str, list[str]] | None = None, **more: object) -> Village:
    return Village({**GOOD, **(change or {})}, **{"hosts": HOSTS, "reverse": REVERSE, **more})


def fatal(world: Village) -> list[str]:
    return [each.check for each in preflight.run(world, MONDAY) if each.level is Level.FATAL]


def test_a_sender_in_order_passes() -> None:
    world = village()
    findings = preflight.run(world, MONDAY)
    assert {each.level for each in findings} == {Level.FINE}, findings
    assert world.posted[0].startswith("https://papers.example.org/unsubscribe/")


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"papers.example.org": []}, "SPF"),
        ({"papers.example.org": ["v=spf1 -all", "v=spf1 ~all"]}, "SPF"),
        ({"papers.example.org": ["v=spf1 +all"]}, "SPF"),
        ({"papers.example.org": ["v=spf1 ip4:198.51.100.0/24 -all"]}, "SPF"),
        ({"papers.example.org": ["v=spf1 " + " ".join(f"include:{n}.example.net" for n in range(11))]}, "SPF"),
        ({"relay.example.net": ["v=spf1 include:relay.example.net"]}, "SPF"),
        ({"s1._domainkey.papers.example.org": []}, "DKIM"),
        ({"s1._domainkey.papers.example.org": ["v=DKIM1; p="]}, "DKIM"),
        ({"s1._domainkey.papers.example.org": ["v=DKIM1; p=***"]}, "DKIM"),
        ({"s1._domainkey.papers.example.org": [f"p={base64.b64encode(b'k' * 100).decode()}"]}, "DKIM"),
        ({"_dmarc.papers.example.org": []}, "DMARC"),
        ({"_dmarc.papers.example.org": ["v=DMARC1; p=maybe"]}, "DMARC"),
    ],
)
def test_what_is_missing_in_dns_is_named_with_how_to_mend_it(change: Mapping[str, list[str]], check: str) -> None:
    findings: list[Finding] = [each for each in preflight.run(village(change), MONDAY) if each.level is Level.FATAL]
    assert [each.check for each in findings] == [check]
    assert findings[0].mend


def test_an_address_without_a_name_that_leads_back_is_fatal() -> None:
    assert fatal(village(reverse={})) == ["PTR"]
    assert fatal(village(hosts={"out.example.net": ["192.0.2.8"]})) == ["PTR"]


def test_messages_must_not_leave_in_the_clear(settings: pytest.FixtureRequest) -> None:
    settings.SMTP_URL = "smtp://relay.example.net"  # type: ignore[attr-defined]
    assert fatal(village()) == ["TLS"]
    settings.SMTP_URL = "smtp://127.0.0.1:2525"  # type: ignore[attr-defined]
    assert fatal(village()) == []


def test_one_click_unsubscription_must_answer() -> None:
    assert fatal(village(status=302)) == ["one-click"]


def test_too_many_complaints_are_fatal() -> None:
    (ada,) = waiting("ada")
    Delivery.objects.update(state="accepted", finished_at=MONDAY)
    for _ in range(3):
        Bounce.objects.create(delivery=ada, verdict="complaint", why="-", received_at=MONDAY)
    assert fatal(village()) == [], "three of one say nothing"


def test_a_world_that_does_not_answer_is_a_warning() -> None:
    class Silence(Village):
        def txt(self, name: str) -> list[str]:
            raise OSError("no answer")

    findings = preflight.run(Silence(GOOD, hosts=HOSTS, reverse=REVERSE), MONDAY)
    assert {each.level for each in findings if each.check == "outside world"} == {Level.WARNING}


def test_a_failed_preflight_holds_issues_back_but_no_notices(relay: Relay) -> None:
    waiting("ada")
    brakes.pause("SPF: no record", "", MONDAY, Brake.Kind.PREFLIGHT)
    notice_for(reader("grace"))
    queue_notices(MONDAY)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}
    brakes.lift(Brake.Kind.PREFLIGHT, "the preflight", MONDAY)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}


def test_the_nightly_check_sets_the_brake_and_lifts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "Internet", lambda: village({"papers.example.org": []}))
    assert tasks.check_preflight()["fatal"] == ["SPF: papers.example.org has no SPF records"]
    assert Brake.objects.standing().get().kind == "preflight"
    monkeypatch.setattr(preflight, "Internet", village)
    assert tasks.check_preflight()["fatal"] == []
    assert not Brake.objects.standing().exists()


def test_the_command_tells_how_to_mend_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "Internet", lambda: village({"papers.example.org": []}))
    output = StringIO()
    with pytest.raises(CommandError, match="Not fit for bulk sending: SPF"):
        call_command("preflight", stdout=output)
    assert "Publish one TXT record" in output.getvalue()
