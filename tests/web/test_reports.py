"""Whatever a report that came back says, in any field of it, is text where the admin shows it.

The fields are all those of RFC 3464 (for the message and for a recipient), RFC 5965 (complaints), the part for people, the
headers of the report itself and those of the message that it returns.
"""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from digest import bounces
from digest.intake import take
from digest.messages import return_path
from digest.models import Bounce, Delivery
from subscriptions.models import Subscriber, Suppression
from tests.delivery.cast import waiting
from tests.issues.cast import MONDAY
from tests.web.test_defences import live
from tests.web.vectors import VECTORS

pytestmark = pytest.mark.django_db
_OUTER = {
    "From": "MAILER-DAEMON@relay.example.net",
    "Subject": "Undelivered Mail Returned to Sender",
    "Auto-Submitted": "auto-replied",
}
_MESSAGE = {
    "Original-Envelope-Id": "QQ314159", "Reporting-MTA": "dns; relay.example.net", "DSN-Gateway": "dns; gateway.example.net",
    "Received-From-MTA": "dns; papers.example.org", "Arrival-Date": "Mon, 16 Mar 2026 07:00:00 +0000", "X-Queue": "4",
}  # fmt: skip
_RECIPIENT = {
    "Original-Recipient": "rfc822; ada@example.org", "Final-Recipient": "rfc822; ada@example.org", "Action": "failed",
    "Status": "5.1.1", "Remote-MTA": "dns; mx.example.org", "Diagnostic-Code": "smtp; 550 5.1.1 user unknown",
    "Last-Attempt-Date": "Mon, 16 Mar 2026 07:00:09 +0000", "Final-Log-ID": "log-7",
    "Will-Retry-Until": "Tue, 17 Mar 2026 07:00:00 +0000", "X-PowerMTA-BounceCategory": "bad-mailbox", "X-Display-Name": "Ada",
}  # fmt: skip
_RETURNED = {
    "From": "Paper Round <digest@papers.example.org>", "To": "ada@example.org", "Subject": "Papers",
    "Message-ID": "<1@papers.example.org>", "Date": "Mon, 16 Mar 2026 07:00:00 +0000",
    "List-Id": "Paper Round <digest.papers.example.org>", "X-Added": "by a server",
}  # fmt: skip
_COMPLAINT = {
    "Feedback-Type": "abuse", "User-Agent": "Example/1", "Version": "1", "Original-Envelope-Id": "QQ314159",
    "Original-Mail-From": "<bounces@papers.example.org>", "Original-Rcpt-To": "<ada@example.org>",
    "Arrival-Date": "Mon, 16 Mar 2026", "Reporting-MTA": "dns; relay.example.net", "Source-IP": "192.0.2.1", "Incidents": "1",
    "Authentication-Results": "mail.example.org; dkim=pass", "Reported-Domain": "papers.example.org",
    "Reported-URI": "https://papers.example.org/", "Removal-Recipient": "ada@example.org",
}  # fmt: skip
_GROUPS = {"outer": _OUTER, "message": _MESSAGE, "recipient": _RECIPIENT, "returned": _RETURNED, "complaint": _COMPLAINT}
FIELDS = [(group, name) for group, fields in _GROUPS.items() for name in fields]
FIELDS += [("outer", "X-Failed-Recipients"), ("prose", "text/plain"), ("prose", "text/html"), ("prose", "alone")]


def _lines(group: str, at: tuple[str, str], vector: str) -> str:
    """The fields of a group; the one in question says the vector behind what it should say, and once more by itself."""
    fields = dict(_GROUPS[group])
    if at[0] == group:
        fields[at[1]] = f"{fields.get(at[1], '')} {vector}".strip()
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def _report(at: tuple[str, str], vector: str, to: str) -> bytes:
    """A report to `to` in which one place holds the vector."""
    vector = " ".join(vector.replace("\0", "").split())
    outer = _lines("outer", at, vector)
    words = f"{vector} This is the mail system. Your message could not be delivered: 550 5.1.1 user unknown {vector}"
    if at == ("prose", "alone"):
        return f"{outer}To: {to}\n\nada@example.org: {words}\n".encode()
    kind, status = ("feedback-report", _lines("complaint", at, vector)) if at[0] == "complaint" else (
        "delivery-status", f"{_lines('message', at, vector)}\n{_lines('recipient', at, vector)}"
    )  # fmt: skip
    people = words if at[0] == "prose" else "This is the mail system."
    part = at[1] if at[0] == "prose" else "text/plain"
    return (
        f'{outer}To: {to}\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind}; boundary="b"\n\n'
        f"--b\nContent-Type: {part}; charset=utf-8\n\n{people}\n\n--b\nContent-Type: message/{kind}\n\n{status}\n"
        f"--b\nContent-Type: message/rfc822\n\n{_lines('returned', at, vector)}\nPapers.\n--b--\n"
    ).encode()


def _shown(client: Client, delivery: Delivery) -> list[tuple[str, str]]:
    """Every page of the admin that shows something of a report, or of what came of it."""
    paths = [
        "/admin/",
        "/admin/digest/delivery/",
        f"/admin/digest/delivery/{delivery.pk}/change/",
        "/admin/subscriptions/suppression/",
    ]
    paths += [f"/admin/digest/bounce/?p={page}" for page in range(1, 3)]
    paths += [f"/admin/subscriptions/subscriber/{each.pk}/change/" for each in Subscriber.objects.all()]
    paths += [f"/admin/subscriptions/suppression/{each.pk}/change/" for each in Suppression.objects.all()]
    paths += [
        f"/admin/digest/bounce/{pk}/change/"
        for pk in Bounce.objects.distinct("why", "status").values_list("pk", flat=True)[:12]
    ]
    pages = []
    for path in paths:
        answer = client.get(path, follow=True)
        assert answer.status_code == 200, path
        pages.append((path, answer.content.decode()))
    return pages


@pytest.mark.parametrize("at", FIELDS, ids=[f"{group}-{name}" for group, name in FIELDS])
def test_what_a_report_says_in_any_field_is_text_in_the_admin(client: Client, at: tuple[str, str]) -> None:
    (ada,) = waiting("ada")
    for vector in VECTORS:
        take(_report(at, vector, return_path(ada.pk)), MONDAY, return_path(ada.pk))
    client.force_login(User.objects.create_superuser("owner"))
    for path, page in _shown(client, ada):
        # Alpine's own attributes begin with @ and x-; what begins with "on" is nobody's.
        assert [each for each in live(page) if "alert(1)" in each or "evil" in each] == [], path


def test_what_a_provider_says_is_text_in_the_admin(client: Client) -> None:
    """A provider's words for why it could not send are kept as they are."""
    (ada,) = waiting("ada")
    for number, vector in enumerate(VECTORS):
        said = vector.replace("\0", "")
        event = bounces.Event(
            said, str(number), "failed", MONDAY, said, return_path=return_path(ada.pk), reason=said, said=said
        )
        bounces.take(event, MONDAY)
    assert Bounce.objects.filter(why__contains="alert(1)").count() > len(VECTORS) // 2
    client.force_login(User.objects.create_superuser("owner"))
    for path, page in _shown(client, ada):
        assert [each for each in live(page) if "alert(1)" in each or "evil" in each] == [], path


def test_what_the_relay_answered_is_text_in_the_admin(client: Client) -> None:
    """A reply of the relay and the reason we gave are shown beside the report."""
    (ada,) = waiting("ada")
    client.force_login(User.objects.create_superuser("owner"))
    for vector in VECTORS:
        said = vector.replace("\0", "")
        Delivery.objects.filter(pk=ada.pk).update(reply=f"550 {said}"[:300], reason=said[:100], reply_code=550)
        for path in ("/admin/digest/delivery/", f"/admin/digest/delivery/{ada.pk}/change/"):
            page = client.get(path).content.decode()
            assert [each for each in live(page) if "alert(1)" in each or "evil" in each] == [], path
