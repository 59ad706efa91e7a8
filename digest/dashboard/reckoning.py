"""How many rows a question has, without reading them all: exact up to a reach, beyond it what the planner expects."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import connection
from django.db.models import QuerySet

REACH = 10_000


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A number, and how far to trust it: exactly, about, or more than so many."""

    number: int
    trust: Literal["", "about", "more than"] = ""

    def __str__(self) -> str:
        return f"{self.trust} {intcomma(self.number)}".strip()

    def __bool__(self) -> bool:
        return self.number > 0


def reckon(rows: QuerySet[Any]) -> Reckoned:
    """Count up to REACH rows; of more, the planner's estimate from the tables' statistics, to two digits."""
    return reckon_all({"": rows})[""]


def reckon_all(asked: Mapping[str, QuerySet[Any]]) -> dict[str, Reckoned]:
    """`reckon` of several questions: one query counts them, and each that goes beyond the reach is estimated by another."""
    bare = {name: rows.order_by() for name, rows in asked.items()}
    compiled = [rows.values("pk")[: REACH + 1].query.sql_with_params() for rows in bare.values()]
    # The text is Django's own, with its parameters apart.
    columns = ", ".join(f"(SELECT count(*) FROM ({sql}) AS seen)" for sql, _ in compiled)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", [each for _, parameters in compiled for each in parameters])
        seen = cursor.fetchone() or ()
    return {name: _told(rows, int(number)) for (name, rows), number in zip(bare.items(), seen, strict=True)}


def _told(rows: QuerySet[Any], seen: int) -> Reckoned:
    if seen <= REACH:
        return Reckoned(seen)
    expected = int(json.loads(rows.values("pk").explain(format="json"))[0]["Plan"]["Plan Rows"])
    if expected <= REACH:
        return Reckoned(REACH, "more than")
    scale = 10 ** (len(str(expected)) - 2)
    return Reckoned(round(expected / scale) * scale, "about")
