"""Reports as servers write them, made for these tests."""

ORIGINAL = "From: Paper Round <digest@papers.example.org>\nTo: ada@example.org\nMessage-ID: {message_id}\nSubject: Papers\n"


def delivery_status(
    diagnostic: str, status: str = "5.0.0", action: str = "failed", to: str = "bounces@papers.example.org"
) -> bytes:
    """A report with the parts of RFC 3464, as Postfix writes it."""
    return (
        "Return-Path: <>\nFrom: MAILER-DAEMON@relay.example.net (Mail Delivery System)\n"
        f"To: {to}\nSubject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThis is the mail system at host relay.example.net.\n\n"
        "I'm sorry to have to inform you that your message could not be delivered to one or more recipients.\n\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example.net\n\n"
        f"Final-Recipient: rfc822; ada@example.org\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {diagnostic}\n\n"
        f"--b\nContent-Type: message/rfc822\n\n{ORIGINAL}\nUser unknown, says the digest itself.\n--b--\n"
    ).encode()


def prose(text: str, subject: str = "Mail delivery failed", sender: str = "Mailer-Daemon@relay.example.net") -> bytes:
    """A report in words alone."""
    return (
        f"Return-Path: <>\nFrom: {sender}\nTo: bounces@papers.example.org\nSubject: {subject}\n\n{text}\n\n"
        f"------ This is a copy of the message, including all the headers. ------\n\n{ORIGINAL}\nspam spam blacklist\n"
    ).encode()


def feedback(kind: str) -> bytes:
    """A report with the parts of RFC 5965."""
    return (
        "From: complaints@example.net\nTo: bounces@papers.example.org\nSubject: FW: Papers\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThis is a report.\n\n"
        f"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: Example/1\nVersion: 1\n\n"
        f"--b\nContent-Type: message/rfc822\n\n{ORIGINAL}\nPapers.\n--b--\n"
    ).encode()
