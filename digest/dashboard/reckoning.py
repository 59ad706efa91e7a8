"""How many rows a question has, without reading them all: exact up to a reach, beyond it what the planner expects."""

import json
from collections.abc import Mapping, Sequence
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
    """`reckon` of several questions: one query counts them all, another estimates those that go beyond the reach."""
    bare = {name: rows.order_by().values("pk") for name, rows in asked.items()}
    found = dict(zip(bare, _seen(list(bare.values())), strict=True))
    beyond = [name for name, seen in found.items() if seen > REACH]
    expected = dict(zip(beyond, _expected([bare[name] for name in beyond]), strict=True))
    return {name: _told(expected[name]) if name in expected else Reckoned(seen) for name, seen in found.items()}


def _seen(questions: Sequence[QuerySet[Any]]) -> list[int]:
    compiled = [rows[: REACH + 1].query.sql_with_params() for rows in questions]
    # The text is Django's own, with its parameters apart.
    columns = ", ".join(f"(SELECT count(*) FROM ({sql}) AS seen)" for sql, _ in compiled)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", [each for _, parameters in compiled for each in parameters])
        return [int(number) for number in cursor.fetchone() or ()]


def _expected(questions: Sequence[QuerySet[Any]]) -> list[int]:
    """How many rows the planner expects of each: of a row of arrays, each has a plan of its own, in their order."""
    if not questions:
        return []
    compiled = [rows.query.sql_with_params() for rows in questions]
    arrays = ", ".join(f"ARRAY({sql})" for sql, _ in compiled)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) SELECT {arrays}", [each for _, parameters in compiled for each in parameters])
        row = cursor.fetchone()
    plan = (json.loads(row[0]) if isinstance(row[0], str) else row[0])[0]["Plan"]
    return [int(each["Plan Rows"]) for each in plan["Plans"] if each["Parent Relationship"] == "InitPlan"]


def _told(expected: int) -> Reckoned:
    if expected <= REACH:
        return Reckoned(REACH, "more than")
    scale = 10 ** (len(str(expected)) - 2)
    return Reckoned(round(expected / scale) * scale, "about")
