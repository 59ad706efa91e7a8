"""The SPF record of the return path, as receivers would judge it (RFC 7208), and what DMARC and PTR make of names."""

import ipaddress

import pytest

from digest.preflight import Finding, Level, terms
from digest.preflight.spf import spf
from tests.delivery.village import Village


def found(record: str, *relays: str, world: Village | None = None) -> Finding:
    world = world or Village()
    world.texts["papers.example.org"] = [record]
    (finding,) = spf(world, "papers.example.org", relays or ["192.0.2.7"])
    return finding


def nested(*counts: int) -> dict[str, list[str]]:
    """Records that each ask for so many hosts and include the next; with the include, each takes that many and one."""
    hosts = {
        f"{n}.example.net": [" ".join(["v=spf1", *(["a:out.example.net"] * count), f"include:{n + 1}.example.net -all"])]
        for n, count in enumerate(counts)
    }
    return {**hosts, f"{len(counts)}.example.net": ["v=spf1 ip4:192.0.2.7 -all"]}


def test_lookups_of_nested_records_are_added_up() -> None:
    ten = Village(nested(2, 2, 2))  # and an include each, and the first one: 6 + 3 + 1
    assert found("v=spf1 include:0.example.net -all", world=ten).found.endswith("10 lookups of 10")
    eleven = found("v=spf1 include:0.example.net -all", world=Village(nested(2, 3, 2)))
    assert eleven.level is Level.FATAL
    assert "more than 10 lookups" in eleven.found


def test_exists_ptr_mx_and_redirect_count_as_lookups() -> None:
    world = Village({"r.example.net": ["v=spf1 ip4:192.0.2.7 -all"]}, mail={"m.example.net": ["out.example.net"]})
    record = "v=spf1 exists:%{i}.list.example.net ptr:example.com mx:m.example.net redirect=r.example.net"
    assert found(record, "198.51.100.1", world=world).level is Level.FATAL
    assert found(record, world=world).found.endswith("4 lookups of 10")


def test_two_names_that_lead_nowhere_are_borne_and_the_third_is_not() -> None:
    ends = "ip4:192.0.2.7 -all"
    assert found(f"v=spf1 a:no.example.com mx:none.example.com {ends}").level is Level.FINE
    third = found(f"v=spf1 a:no.example.com mx:none.example.com a:nil.example.com {ends}")
    assert third.level is Level.FATAL
    assert "a:nil.example.com is the third that leads nowhere" in third.found


def test_a_host_without_an_address_of_the_relays_family_leads_nowhere_for_that_relay() -> None:
    world = Village(hosts={f"{n}.example.com": ["2001:db8::1"] for n in range(3)})
    record = "v=spf1 a:0.example.com a:1.example.com a:2.example.com ip4:192.0.2.7 -all"
    assert found(record, world=world).level is Level.FATAL
    assert found(record, "2001:db8::1", world=world).level is Level.FINE


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 -ip4:192.0.2.7 ip4:192.0.2.0/24 -all",
        "v=spf1 ~ip4:192.0.2.7 -all",
        "v=spf1 ?include:relay.example.net -all",
        "v=spf1 -all ip4:192.0.2.7",
        "v=spf1 -all redirect=relay.example.net",
        "v=spf1 include:soft.example.net -all",
        "v=spf1 ip6:2001:db8::/32 -all",
    ],
)
def test_a_relay_that_is_named_and_not_passed_is_fatal(record: str) -> None:
    finding = found(record, world=Village({"soft.example.net": ["v=spf1 ~ip4:192.0.2.7 -all"]}))
    assert finding.level is Level.FATAL
    assert "does not name 192.0.2.7" in finding.found


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 +all",
        "v=spf1 ip4:0.0.0.0/0 -all",
        "v=spf1 include:open.example.net -all",
        "v=spf1 redirect=open.example.net",
    ],
)
def test_a_record_that_lets_anyone_send_is_fatal_however_it_says_so(record: str) -> None:
    finding = found(record, world=Village({"open.example.net": ["v=spf1 +all"]}))
    assert finding.level is Level.FATAL
    assert "lets anyone send" in finding.found


def test_everyone_in_a_record_that_is_included_to_be_refused_is_nobody() -> None:
    world = Village({"open.example.net": ["v=spf1 all"]})
    assert "lets anyone send" not in found("v=spf1 ip4:192.0.2.7 -include:open.example.net", world=world).found


@pytest.mark.parametrize(
    ("record", "broken"),
    [
        ("v=spf1 ip4:192.0.2.7 include: -all", "include: names no domain"),
        ("v=spf1 ip4:192.0.2.7 include -all", "include names nothing"),
        ("v=spf1 ip4:2001:db8::1 -all", "ip4:2001:db8::1 holds no address"),
        ("v=spf1 ip6:192.0.2.7 -all", "ip6:192.0.2.7 holds no address"),
        ("v=spf1 ip4:192.0.2.7/33 -all", "holds no address"),
        ("v=spf1 a/33 -all", "holds no length of a prefix"),
        ("v=spf1 a:localhost ip4:192.0.2.7 -all", "a:localhost names no domain"),
        ("v=spf1 a:a..example.net ip4:192.0.2.7 -all", "names no domain"),
        ("v=spf1 ip4:192.0.2.7 exists:%{x}.example.net -all", "names no domain"),
        ("v=spf1 ip4:192.0.2.7 exists:%i.example.net -all", "names no domain"),
        ("v=spf1 ip4:192.0.2.7 -all all:example.net", "no term of SPF"),
        ("v=spf1 ip4:192.0.2.7 redirect=relay.example.net redirect=relay.example.net", "redirect= stands in it twice"),
        ("v=spf1 ip4:192.0.2.7\t-all", "holds no address"),
        ("v=spf1 ip4:192.0.2.7 redirect=nowhere.example.net", "redirect=nowhere.example.net leads to no SPF records"),
        ("v=spf1 ip4:192.0.2.7 include:two.example.net -all", "include:two.example.net leads to 2 SPF records"),
    ],
)
def test_what_receivers_stumble_over_is_named_wherever_it_stands(record: str, broken: str) -> None:
    finding = found(record, world=Village({"two.example.net": ["v=spf1 -all", "v=spf1 ~all"]}))
    assert finding.level is Level.FATAL
    assert broken in finding.found


def test_what_a_receiver_does_not_know_as_an_error_is_none() -> None:
    record = "v=spf1 ip4:192.0.2.7 unknown=1 exp=explain.example.net -all"
    assert found(record).level is Level.FINE


def test_an_include_with_macros_is_filled_in_for_each_relay_and_counted() -> None:
    """As large providers publish them: a name for each address that may send."""
    world = Village({"7.2.0.192.in-addr.papers.example.org.spf.example.net": ["v=spf1 ip4:192.0.2.7 -all"]})
    record = "v=spf1 include:%{ir}.%{v}.%{d}.spf.example.net -all"
    assert found(record, world=world).found.endswith("1 lookups of 10")
    assert found(record, "198.51.100.1", world=world).level is Level.FATAL


def test_a_name_that_exists_lets_the_relay_pass() -> None:
    world = Village(hosts={"192.0.2.7._spf.example.net": ["127.0.0.2"]})
    assert found("v=spf1 exists:%{i}._spf.example.net -all", world=world).level is Level.FINE


# RFC 7208, 7.4
@pytest.mark.parametrize(
    ("macro", "value"),
    [
        ("%{s}", "postmaster@email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%%_%-", "%_%20"),
        ("%{D}", "email.example.com"),
    ],
)
def test_macros_are_filled_in_as_the_rfc_shows(macro: str, value: str) -> None:
    assert terms.filled(macro, "email.example.com", ipaddress.ip_address("192.0.2.3")) == value


def test_an_address_of_version_6_is_filled_in_by_its_nibbles() -> None:
    filled = terms.filled("%{ir}.%{v}", "example.com", ipaddress.ip_address("2001:db8::cb01"))
    assert filled == "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6"


@pytest.mark.parametrize("record", ["v=spf1 a:out.example.net//64 -all", "v=spf1 mx:example.net/24//64 -all"])
def test_prefixes_of_both_families_are_told_apart(record: str) -> None:
    world = Village(hosts={"out.example.net": ["192.0.2.1", "2001:db8:0:1::1"]}, mail={"example.net": ["out.example.net"]})
    assert found(record, "2001:db8:0:1::99", world=world).level is Level.FINE
    assert found(record, "2001:db8:0:2::1", world=world).level is Level.FATAL


def test_a_record_that_ends_with_neutral_says_nothing_of_all_others() -> None:
    assert found("v=spf1 ip4:192.0.2.7 ?all").level is Level.WARNING


def test_a_loop_ends_as_too_many_lookups() -> None:
    world = Village({"loop.example.net": ["v=spf1 redirect=loop.example.net"]})
    assert "more than 10 lookups" in found("v=spf1 redirect=loop.example.net", world=world).found
