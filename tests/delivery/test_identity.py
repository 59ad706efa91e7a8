"""Names and keys of a sender, as DMARC, DKIM and reverse names have them."""

from collections.abc import Mapping, Sequence

import pytest

from digest.preflight import Finding, Level
from digest.preflight.identity import dmarc, reverse_names
from digest.preflight.keys import keys
from tests.delivery.village import Village, ed25519_key, published, rsa_key

PAPERS, KEY = "papers.example.org", "s1._domainkey.papers.example.org"


def judged(texts: Mapping[str, list[str]], bounce: str = PAPERS, signing: str = PAPERS) -> dict[str, Finding]:
    """What DMARC makes of these records, by check; there are no others."""
    world = Village({"_dmarc.papers.example.org": [], **texts})
    return {each.check: each for each in dmarc(world, PAPERS, bounce, signing)}


def policy(*tags: str) -> list[str]:
    return ["; ".join(("v=DMARC1", *tags, "rua=mailto:dmarc@example.org"))]


def test_the_organizations_record_says_with_sp_what_holds_below_it() -> None:
    found = judged({"_dmarc.example.org": policy("p=reject", "sp=quarantine")})["DMARC"]
    assert (found.level, found.found) == (Level.FINE, "papers.example.org: sp=quarantine, from _dmarc.example.org")
    assert judged({"_dmarc.example.org": policy("p=reject")})["DMARC"].found.startswith("papers.example.org: p=reject")


def test_the_domains_own_record_comes_before_the_organizations() -> None:
    texts = {"_dmarc.papers.example.org": policy("p=none", "sp=reject"), "_dmarc.example.org": policy("p=reject", "sp=reject")}
    assert judged(texts)["DMARC"].found == "papers.example.org: p=none, from _dmarc.papers.example.org"


@pytest.mark.parametrize("record", [policy("p=reject", "sp=maybe"), policy("sp=none"), ["v=DMARC2; p=none"], ["p=none"]])
def test_a_record_without_a_policy_that_is_one_is_fatal(record: list[str]) -> None:
    assert judged({"_dmarc.example.org": record})["DMARC"].level is Level.FATAL


def test_a_subdomain_is_aligned_unless_the_record_asks_for_the_same_domain() -> None:
    bounce = "bounces.papers.example.org"
    assert judged({"_dmarc.papers.example.org": policy("p=none")}, bounce)["alignment"].level is Level.FINE
    strict = judged({"_dmarc.papers.example.org": policy("p=none", "aspf=s")}, bounce)["alignment"]
    assert strict.level is Level.WARNING
    assert "aspf=s" in strict.found
    assert judged({"_dmarc.papers.example.org": policy("p=none", "aspf=s")})["alignment"].level is Level.FINE


def test_a_signature_of_a_subdomain_is_not_enough_where_the_record_is_strict() -> None:
    found = judged({"_dmarc.papers.example.org": policy("p=none", "adkim=s")}, signing="mail.papers.example.org")
    assert found["alignment"].level is Level.WARNING
    both = policy("p=none", "adkim=s", "aspf=s")
    found = judged({"_dmarc.papers.example.org": both}, "b.papers.example.org", "d.papers.example.org")
    assert found["alignment"].level is Level.FATAL


@pytest.mark.parametrize("written", ["2001:db8::25", "2001:DB8:0:0::25", "2001:0db8:0000:0000:0000:0000:0000:0025"])
def test_a_relay_of_version_6_alone_has_a_name_that_leads_back_however_its_address_is_written(written: str) -> None:
    world = Village(hosts={"out6.example.net": ["2001:db8::25"]}, reverse={written: ["out6.example.net"]})
    (found,) = reverse_names(world, [written])
    assert found.level is Level.FINE


def test_one_of_several_names_that_leads_back_is_enough() -> None:
    world = Village(hosts={"b.example.net": ["192.0.2.7"]}, reverse={"192.0.2.7": ["a.example.net", "b.example.net"]})
    (found,) = reverse_names(world, ["192.0.2.7"])
    assert found.level is Level.FINE


def key(records: Sequence[str]) -> Finding:
    (found,) = keys(Village({KEY: list(records)}), PAPERS, "s1", {})
    return found


GOOD = published(ed25519_key())


@pytest.mark.parametrize(
    ("good", "changed", "found"),
    [
        ("DKIM1", "DKIM2", "no version of DKIM"),
        ("k=ed25519", "k=ed25519; h=sha1", "leaves out sha256"),
        ("k=ed25519", "k=ed25519; s=tlsrpt", "is not for mail"),
    ],
)
def test_a_key_that_is_not_for_signatures_like_ours_is_fatal(good: str, changed: str, found: str) -> None:
    finding = key([GOOD.replace(good, changed)])
    assert finding.level is Level.FATAL
    assert found in finding.found


def test_a_key_that_is_for_such_signatures_among_others_is_fine() -> None:
    assert key([f"{GOOD}; h=sha1:sha256; s=tlsrpt:email; t=s; n=see example.org"]).level is Level.FINE


def test_a_domain_that_says_it_is_only_testing_is_a_warning() -> None:
    assert key([f"{GOOD}; t=y:s"]).level is Level.WARNING


def test_two_keys_under_one_name_are_fatal_and_other_texts_are_passed_over() -> None:
    assert "holds 2 keys" in key([GOOD, published(rsa_key())]).found
    assert key(["some-verification=abc", GOOD]).level is Level.FINE
