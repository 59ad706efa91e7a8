"""Whether the forms give away which addresses are known: `python -m bench.enumeration`.

A server of its own (granian over a private PostgreSQL and Valkey) knows N addresses. Each form gets N known and N unknown ones
in random order, over one connection, and every answer is timed. Bodies and statuses must be equal to the last octet; times are
compared by the area under the ROC curve, which is the probability that a known address takes longer than an unknown one
(Mann and Whitney, 1947): 0.5 when nothing can be told. Exits with 1 when a form's AUC leaves 0.45 to 0.55.
"""

import argparse
import http.client
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from bench.site import servers, web

BOUNDS = (0.45, 0.55)
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Timed:
    """One answer: was the address known, how many seconds it took, and what it said."""

    known: bool
    seconds: float
    said: tuple[int, bytes]


def auc(known: Sequence[float], unknown: Sequence[float]) -> float:
    """P(known > unknown) + P(equal) / 2, from ranks; ties share theirs."""
    import numpy as np
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([known, unknown]))
    return float((ranks[: len(known)].sum() - len(known) * (len(known) + 1) / 2) / (len(known) * len(unknown)))


def _populate(count: int) -> None:
    """The tables, the topics, and `count` confirmed people."""
    import datetime as dt

    from django.core.management import call_command

    from subscriptions.models import Interest, Subscriber, Subscription, Topic
    from subscriptions.suppression import mailbox_hash

    call_command("migrate", verbosity=0)
    call_command("load_seeds", quiet=True)
    now = dt.datetime.now(dt.UTC)
    people = Subscriber.objects.bulk_create(
        Subscriber(
            address=address,
            mailbox_hash=mailbox_hash(address),
            time_zone="Europe/Paris",
            status="confirmed",
            confirmed_at=now,
        )
        for address in (f"known{number}@example.org" for number in range(count))
    )
    digests = Subscription.objects.bulk_create(
        Subscription(subscriber=person, next_issue_at=now + dt.timedelta(days=3)) for person in people
    )
    topic = Topic.objects.earliest("pk")
    Interest.objects.bulk_create(Interest(subscription=digest, kind="topic", topic=topic) for digest in digests)


def _ask(port: int, path: str, fields: dict[str, str], addresses: Sequence[tuple[bool, str]]) -> list[Timed]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    timed = []
    for known, address in addresses:
        body = urlencode({**fields, "address": address})
        start = time.perf_counter()
        connection.request("POST", path, body, _HEADERS)
        response = connection.getresponse()
        said = response.status, response.read()
        timed.append(Timed(known, time.perf_counter() - start, said))
    connection.close()
    return timed


def _form(port: int, path: str, fields: dict[str, str], count: int, chance: random.Random) -> bool:
    """Ask, compare, print a line; whether known and unknown addresses look alike."""
    # Addresses of equal length, so that nothing but being known sets them apart.
    addresses = [(True, f"known{number}@example.org") for number in range(count)]
    addresses += [(False, f"other{number}@example.org") for number in range(count)]
    chance.shuffle(addresses)
    _ask(port, path, fields, [(False, f"early{number}@example.org") for number in range(50)])
    timed = _ask(port, path, fields, addresses)
    said = {each.said for each in timed}
    known = [each.seconds for each in timed if each.known]
    unknown = [each.seconds for each in timed if not each.known]
    area = auc(known, unknown)
    alike = len(said) == 1 and next(iter(said))[0] == 200
    print(
        f"{path:14} {count} known, {count} unknown: median {sorted(known)[count // 2] * 1000:.2f} ms and "
        f"{sorted(unknown)[count // 2] * 1000:.2f} ms, AUC {area:.3f}, {len(said)} different answer{'s' * (len(said) != 1)}"
    )
    return alike and BOUNDS[0] <= area <= BOUNDS[1]


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the forms' answers for known and unknown addresses.")
    parser.add_argument("--count", type=int, default=1000, help="known addresses, and as many unknown ones (1000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="paper-round-bench-"))
    try:
        with servers(home):
            import django

            django.setup()
            from subscriptions import tokens

            _populate(options.count)
            opened = tokens.sign(tokens.Scope.FORM, int(time.time()) - 60)
            chance = random.Random(options.seed)
            with web() as site:
                alike = [
                    _form(site.port, "/subscribe/", {"opened": opened, "topics": "koopman"}, options.count, chance),
                    _form(site.port, "/preferences/", {}, options.count, chance),
                ]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0 if all(alike) else 1


if __name__ == "__main__":
    sys.exit(main())
