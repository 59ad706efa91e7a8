"""Publishing for more and more subscribers: `python -m bench.scale [N ...]`, from 10,000 to 1,000,000 unless told otherwise.

Each size is one run over a scratch database with 5,000 candidates, as `bench.publish --scale` has it: claim, rank, write issues
and deliveries, set the next hour. Linear means that the microseconds a subscription costs do not grow; flat, that the memory
does not.
"""

import sys

from bench import publish

SIZES = ("10000", "100000", "1000000")


def main() -> int:
    """0; `bench.publish` ends the process with a complaint when it has not published what it should have."""
    given = sys.argv[1:]
    sizes = [each for each in given if each.isdecimal()] or list(SIZES)
    sys.argv[1:] = [*(each for each in given if not each.isdecimal()), "--scale", *sizes]
    publish.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
