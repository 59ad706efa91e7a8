"""The check at start-up: every message is rendered once, so that an operator's template fails here and not in a mail."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from jinja2 import TemplateError

from digest import notices
from digest.delivery.pacing import Warmup
from digest.intake import imap
from digest.issues import specimen
from digest.issues.press import HTML_LIMIT, Press
from digest.messages import Heading, bounce_address, dkim, sender
from digest.smtp import Relay, RelayUnclear

_HINT = "Mend the template under TEMPLATES_DIR, or remove it and ours is used."


def _issue(case: dict[str, Any]) -> Callable[[], None]:
    def render() -> None:
        press, contents = Press(), specimen.contents(case)
        own = sender(settings.DIGEST_FROM, "DIGEST_FROM")
        heading = Heading(own, own, press.subject(contents), contents.date, "<check@localhost>")
        press.message(contents, heading)
        if press.fitted(contents) is not contents:
            raise TemplateError(f"an issue of {len(contents.choices)} papers takes more than {HTML_LIMIT} octets")

    return render


def _everything() -> Iterator[tuple[str, Callable[[], object]]]:
    yield "the sender of digests", lambda: sender(settings.DIGEST_FROM, "DIGEST_FROM")
    yield "the sender of notices", lambda: sender(settings.NOTICE_FROM, "NOTICE_FROM")
    yield "the operator's address", lambda: sender(settings.OPERATOR_ADDRESS or settings.NOTICE_FROM, "OPERATOR_ADDRESS")
    yield "the return path", bounce_address
    yield "the plan of a new sender", lambda: Warmup.parse(settings.WARMUP)
    yield "the relay", lambda: Relay.parse(settings.SMTP_URL)
    yield "the mailbox of what came back", lambda: settings.BOUNCES_IMAP_URL and imap.Mailbox.parse(settings.BOUNCES_IMAP_URL)
    yield "the provider", _provider
    yield "the keys that sign", lambda: dkim.signers(settings.DKIM_KEYS, "localhost")
    yield "email/issue", _issue(specimen.FULL)
    yield "email/issue with nothing in it", _issue(specimen.BARE)
    yield "email/best-of", _issue(specimen.AWAY)
    for folder, context in notices.SPECIMENS.values():
        yield f"email/{folder}", functools.partial(notices.rendered, folder, context)


def _provider() -> None:
    """Raises ImproperlyConfigured (anymail's is one) where a key of the provider that takes our messages is missing."""
    if settings.DELIVERY_BACKEND == "anymail":
        get_connection(f"anymail.backends.{settings.ANYMAIL_ESP}.EmailBackend")


@checks.register("messages")
def messages_can_be_rendered(app_configs: Sequence[object] | None, **options: object) -> list[checks.CheckMessage]:
    """An error for each message that its templates or settings cannot make, naming it and what is missing."""
    found: list[checks.CheckMessage] = []
    for what, make in _everything():
        try:
            make()
        except (ImproperlyConfigured, RelayUnclear, imap.Unclear) as error:
            found.append(checks.Error(str(error), id="digest.E001"))
        except (TemplateError, KeyError, TypeError, ValueError) as error:
            found.append(checks.Error(f"{what} cannot be made: {type(error).__name__}: {error}", hint=_HINT, id="digest.E002"))
    return found
