"""One process that sends, as a benchmark starts it: `python -m bench.sender ours|django URL COUNT` prints what it used as JSON.

`ours` is `delivery.deliver`, called as the worker's task calls it. `django` is the obvious loop: for each reader the templates
are rendered, the style is inlined, and EmailMultiAlternatives sends the message over one connection.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django is set up above
from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: E402

from bench.mailing import NOW  # noqa: E402
from digest.delivery import Policy, composing, deliver, eligibility  # noqa: E402
from digest.delivery.books import Books  # noqa: E402
from digest.delivery.claims import Claims  # noqa: E402
from digest.issues import whole  # noqa: E402
from digest.issues.loading import Letters, Texts  # noqa: E402
from digest.models import Delivery  # noqa: E402
from digest.smtp import Relay  # noqa: E402

_LIMIT = 20_000


class Parts:
    """CPU seconds of this process by part, taken around the functions that do it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def around(self, module: Any, name: str, part: str) -> None:
        inner: Callable[..., Any] = getattr(module, name)

        def timed(*arguments: Any, **keywords: Any) -> Any:
            start = time.process_time()
            try:
                return inner(*arguments, **keywords)
            finally:
                self.seconds[part] = self.seconds.get(part, 0.0) + time.process_time() - start

        setattr(module, name, timed)


def ours(url: str, parts: Parts) -> int:
    parts.around(Claims, "begin", "claim")
    parts.around(Claims, "finished", "claim")
    parts.around(eligibility, "barred", "claim")
    parts.around(composing.Batch, "letter", "compose")
    parts.around(composing.Ahead, "begin", "compose")
    parts.around(composing.Ahead, "finished", "compose")
    parts.around(Books, "begin", "record")
    parts.around(Books, "finished", "record")
    policy = Policy(relay=Relay.parse(url), hostname="bench.example.org")
    sent = 0
    while True:
        delivered = deliver(NOW, _LIMIT, policy=policy)
        sent += delivered.by_state.get("accepted", 0)
        if delivered.halted:
            raise SystemExit(delivered.halted)
        if not delivered.more:
            return sent


def django_loop(url: str, first: int, count: int) -> int:
    relay = Relay.parse(url)
    channel = get_connection("django.core.mail.backends.smtp.EmailBackend", host=relay.host, port=relay.port)
    channel.open()
    texts = Texts()
    for delivery in Delivery.objects.order_by("pk")[first : first + count].iterator():
        letter = Letters([delivery], texts)[delivery.pk]
        rendered = whole.render(letter.contents, text_only=False)
        headers = {
            "Message-ID": delivery.message_id,
            "List-Unsubscribe": f"<{letter.contents.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        message = EmailMultiAlternatives(
            rendered.subject, rendered.text, settings.DIGEST_FROM, [letter.address], headers=headers, connection=channel
        )
        message.attach_alternative(rendered.html or "", "text/html")
        message.send()
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.ACCEPTED, finished_at=NOW)
    channel.close()
    return count


def peak_megabytes() -> int:
    """The most memory that this program held; ru_maxrss would count what its parent had when it forked."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def main(arguments: list[str]) -> None:
    way, url, first, count = arguments[0], arguments[1], int(arguments[2]), int(arguments[3])
    parts = Parts()
    # Queries, templates and imports are warm before the clock starts, as they are in a worker that has run before.
    warm = list(Delivery.objects.order_by("pk")[:20])
    size = sum(len(message.content) for message in composing.messages_for(warm, NOW).values()) // max(1, len(warm))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    sent = ours(url, parts) if way == "ours" else django_loop(url, first, count)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    parts.seconds["socket and loop"] = cpu - sum(parts.seconds.values())
    json.dump(
        {
            "sent": sent,
            "size": size,
            "seconds": time.perf_counter() - start,
            "cpu": cpu,
            "parts": parts.seconds,
            "memory": peak_megabytes(),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
