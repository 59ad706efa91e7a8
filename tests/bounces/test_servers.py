"""The verdicts on reports as many servers write them, and on what is no report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.bounces import classify
from tests.bounces.fixtures import FOLDER, Case, cases, refusals
from tests.bounces.reports import delivery_status, prose

SERVERS = cases("servers.txt")
OTHERS = cases("others.txt")
REFUSALS = refusals(FOLDER / "refusals.tsv")
EXIM = (
    "The following address(es) failed:\n\n  ada@example.org\n    after RCPT TO:<ada@example.org>:\n    host mx.example.org: {}"
)
HEAD = b"Return-Path: <>\nFrom: MAILER-DAEMON@relay.example.net\nSubject: Undelivered\n"


@pytest.mark.parametrize("case", SERVERS, ids=[case.name for case in SERVERS])
def test_a_servers_report_is_understood_in_its_own_form(case: Case) -> None:
    judgement = classify(case.octets)
    assert judgement.verdict.value == case.verdict, judgement.why


@pytest.mark.parametrize("case", OTHERS, ids=[case.name for case in OTHERS])
def test_what_is_no_failure_is_told_from_one(case: Case) -> None:
    judgement = classify(case.octets)
    assert judgement.verdict.value == case.verdict, judgement.why


@pytest.mark.parametrize(("provider", "verdict", "status", "said"), REFUSALS)
def test_a_refusal_is_understood_as_a_report_and_as_prose(provider: str, verdict: str, status: str, said: str) -> None:
    assert classify(delivery_status(said, status)).verdict.value == verdict
    if said[:3].isdigit():
        assert classify(prose(EXIM.format(said))).verdict.value == verdict


def test_a_person_who_left_is_not_suppressed_and_said_to_have_left() -> None:
    (case,) = [case for case in OTHERS if case.name == "no longer works here"]
    judgement = classify(case.octets)
    assert (judgement.verdict.value, judgement.why) == ("ignore", "an automatic reply, which says that somebody has left")


def test_the_gravest_of_several_recipients_counts() -> None:
    (case,) = [case for case in SERVERS if case.name.startswith("several recipients")]
    judgement = classify(case.octets)
    assert (judgement.verdict.value, judgement.status) == ("suppress", "5.1.1")
    assert judgement.recipients == ("grace@example.org", "ada@example.org", "alan@example.org")


@pytest.mark.parametrize(
    "octets",
    [
        HEAD + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000)),
        HEAD + b"Content-Type: message/rfc822\n\n" * 3000,
        HEAD + b"\n550 " + b"w" * 1_000_000,
        HEAD + b"\n550 " + b"user " * 200_000,
        HEAD + b"\n" + b"-" * 1_000_000,
        HEAD + b"Content-Type: text/html\n\n" + b"<style " * 100_000,
        HEAD + b"\n" + b'{"a":' * 20_000,
        HEAD + b"Content-Type: text/plain; charset=idna\n\n550 \xff",
        b"From: mailer-daemon\nSubject: =?utf-8?b?a?= =?idna?q?=ff?=\n\n550 5.1.1 x",
    ],
    ids=["nested parts", "nested messages", "one word", "one sentence", "one rule", "tags", "JSON", "charset", "encoded words"],
)
def test_a_hostile_report_gets_a_verdict_like_any_other(octets: bytes) -> None:
    assert classify(octets).verdict.value in {"ignore", "soft", "suppress"}


@given(st.sampled_from(SERVERS + OTHERS), st.integers(0, 4000), st.binary(max_size=60))
def test_a_report_that_was_cut_and_soiled_gets_a_verdict(case: Case, at: int, dirt: bytes) -> None:
    classify(case.octets[:at] + dirt + case.octets[at + len(dirt) :])
    classify(case.octets[:at])
