"""Forks workers on request, fast: `spawn` on standard input answers with a pid. Each worker does what the Celery tasks do.

Workers live on a faster clock (`PACE`), so that a backoff of minutes passes in a second; leases run on the database's clock, as
ever. A worker whose number is odd has a full disk under its log.
"""

import datetime as dt
import json
import os
import signal
import sys
import time
from typing import Any

PACE = 600.0


def work(options: dict[str, Any]) -> None:
    """Deliver and recover until killed; SIGTERM ends it after the run under way, as a deploy does."""
    from django.db import Error, connection

    from digest import delivery
    from digest.delivery import Policy
    from digest.smtp import Relay, Timeouts

    asked_to_stop = False

    def stop(*_: object) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    signal.signal(signal.SIGTERM, stop)
    policy = Policy(
        relay=Relay.parse(options["relay"]),
        hostname="papers.example.org",
        timeouts=Timeouts(connect=5, greeting=5, command=5, data=5, block=5, dot=10),
        connections=options["connections"],
        lease=dt.timedelta(seconds=options["lease"]),
        settle=dt.timedelta(seconds=60),
        seconds=1.0,
        chunk=options["chunk"],
        slice=20,
        freshness=0.5,
        patience=20,
        rates={"": options["rate"]},
        redis=options["redis"],
    )
    while not asked_to_stop:
        now = dt.datetime.fromtimestamp(options["start"] + (time.time() - options["wall"]) * PACE, dt.UTC)
        try:
            # Celery delivers a task again after its visibility timeout, perhaps several times: so does every turn of this loop.
            delivery.queue_notices(now)
            delivery.recover(now, policy=policy)
            done = delivery.deliver(now, options["limit"], policy=policy)
        except Error:
            connection.close()
            time.sleep(0.2)
        else:
            time.sleep(0.0 if done.more else 0.1)


def main() -> None:
    import django

    django.setup()
    from digest.delivery import composing  # noqa: F401 - imported before the first fork, so that workers start at once

    options = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    number = 0
    while sys.stdin.readline():
        number += 1
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            log = os.open("/dev/full" if number % 2 else options["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(log, 1)
            work(options)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
