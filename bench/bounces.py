"""Our verdicts on real bounces beside those that flufl.bounce alone would give, against what a careful sender should do.

    .venv/bin/python -m bench.bounces --folder DIR [--json] [--wrong]

DIR holds messages (*.eml) and EXPECTED.csv, whose `suggested_action` says what should follow; where a file has several rows the
gravest counts, and `auth-report` counts as the sender's fault. flufl.bounce knows permanent and temporary failures: a permanent
one is taken for "suppress". `--wrong` lists the files on which we are wrong. Exit status 1 when a goal is missed.

suppress_recall     of the mailboxes that are gone, the share that would be suppressed
false_suppression   of all other messages, complaints apart, the share that would suppress somebody
complaints          of the complaints, the share that is seen as one
non_bounces         messages that report nothing, and got a verdict all the same
"""

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from email import message_from_bytes
from pathlib import Path

from flufl.bounce import all_failures

from bench import own

own.set_up(servers=False)

from digest import bounces  # noqa: E402 - Django must be set up first

_GRAVITY = ("ignore", "soft", "sender-fault", "suppress", "complaint")
_SAME = {"auth-report": "sender-fault"}


@dataclass(frozen=True, slots=True)
class Figures:
    """How one classifier fares; shares are between 0 and 1, `non_bounces` and `files` are counts."""

    files: int
    suppress_recall: float
    false_suppression: float
    complaints: float
    non_bounces: int


def expected(folder: Path) -> dict[str, str]:
    """File name -> what should follow."""
    actions: dict[str, set[str]] = defaultdict(set)
    with (folder / "EXPECTED.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            actions[row["file"]].add(_SAME.get(row["suggested_action"], row["suggested_action"]))
    return {name: max(each, key=_GRAVITY.index) for name, each in actions.items()}


def by_flufl(octets: bytes) -> str:
    """What flufl.bounce alone would have us do; it knows no complaints."""
    temporary, permanent = all_failures(message_from_bytes(octets))
    return "suppress" if permanent else "soft" if temporary else "ignore"


def figures(wanted: Mapping[str, str], found: Mapping[str, str]) -> Figures:
    """Compare what was found with what was wanted."""

    def share(of: list[str], verdict: str) -> float:
        return round(sum(found[name] == verdict for name in of) / len(of), 4) if of else 1.0

    return Figures(
        files=len(wanted),
        suppress_recall=share([name for name, want in wanted.items() if want == "suppress"], "suppress"),
        false_suppression=share([name for name, want in wanted.items() if want not in {"suppress", "complaint"}], "suppress"),
        complaints=share([name for name, want in wanted.items() if want == "complaint"], "complaint"),
        non_bounces=sum(found[name] != "ignore" for name, want in wanted.items() if want == "ignore"),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--wrong", action="store_true")
    options = parser.parse_args()
    wanted = expected(options.folder)
    bodies = {name: (options.folder / name).read_bytes() for name in wanted}
    judged = {name: bounces.classify(body) for name, body in bodies.items()}
    ours = figures(wanted, {name: each.verdict.value for name, each in judged.items()})
    flufl = figures(wanted, {name: by_flufl(body) for name, body in bodies.items()})
    if options.json:
        print(json.dumps({"ours": asdict(ours), "flufl": asdict(flufl)}))
    else:
        print(f"{'':20}{'ours':>10}{'flufl':>10}")
        for name, value in asdict(ours).items():
            print(f"{name:20}{value:>10}{asdict(flufl)[name]:>10}")
    if options.wrong:
        for name, each in sorted(judged.items()):
            if each.verdict.value != wanted[name]:
                print(f"{name}: {each.verdict.value} ({each.status} {each.why}), should be {wanted[name]}")
    good = ours.suppress_recall >= 0.95 and ours.false_suppression <= 0.02 and ours.complaints == 1 and not ours.non_bounces
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
