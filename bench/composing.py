"""What composing costs a sender: from claimed rows to letters, as `delivery` asks for them, in CPU microseconds per message.

    python bench/composing.py [--messages 4000] [--slice 500] [--rounds 5] [--profile] [--json]

It starts a PostgreSQL of its own and fills it as `bench/delivery.py` does. The clock runs around `composing.Batch` alone, the
queries' client side included; the server's own time is another process's.
"""

import argparse
import cProfile
import json
import pstats
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.surroundings import database


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--slice", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with database():
        from bench import mailing
        from digest.delivery import composing
        from digest.models import Delivery
        from digest.smtp import Letter

        def _letters(part: list[Delivery]) -> list[Letter]:
            batch = composing.Batch(part, mailing.NOW, composing.messages_for)
            return [batch.letter(delivery) for delivery in part]

        mailing.prepare(options.messages)
        deliveries = list(Delivery.objects.order_by("pk"))
        parts = [deliveries[first : first + options.slice] for first in range(0, len(deliveries), options.slice)]
        start = time.process_time()
        size = 0
        for part in parts:
            size = sum(len(each.content) for each in _letters(part))
        first_run = time.process_time() - start
        costs = []
        for _ in range(options.rounds):
            start = time.process_time()
            for part in parts:
                _letters(part)
            costs.append((time.process_time() - start) / len(deliveries) * 1e6)
        if options.profile:
            profile = cProfile.Profile(time.process_time)
            with profile:
                for part in parts:
                    _letters(part)
            pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    result = {
        "us_per_message": round(statistics.median(costs), 1),
        "spread": [round(min(costs), 1), round(max(costs), 1)],
        "first_run_us": round(first_run / len(deliveries) * 1e6, 1),
        "octets_per_message": round(size / len(parts[-1])),
        "messages": len(deliveries),
        "slice": options.slice,
    }
    sys.stdout.write((json.dumps(result) if options.json else json.dumps(result, indent=2)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
