"""Counting no further than a list can be paged.

`SELECT COUNT(*)` reads a whole table, and a far OFFSET reads all rows before it. A list therefore reaches its first 10,000 rows
and counts to there; beyond, an unfiltered list takes the planner's estimate (pg_class.reltuples, kept by VACUUM and ANALYZE)
and a filtered one says "more than".
"""

from typing import Any, ClassVar

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import QuerySet
from django.utils.functional import cached_property

REACH = 10_000


def estimated_rows(queryset: QuerySet[Any]) -> int:
    """Rows in the table behind a queryset, as the planner guesses; 0 when it was never analysed."""
    with connections[queryset.db].cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)", [f'"{queryset.model._meta.db_table}"']
        )
        row = cursor.fetchone()
    return max(int(row[0]), 0) if row else 0


class ReachPaginator(Paginator):  # type: ignore[type-arg]  # it takes its parameter only in the stubs
    """Pages over the first `reach` rows; `total` says in words how many there are."""

    reach: ClassVar[int] = REACH
    template_name = "admin/reach.html"

    @cached_property
    def _seen(self) -> int:
        if not isinstance(self.object_list, QuerySet):
            return len(self.object_list)
        return self.object_list.order_by()[: self.reach + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._seen, self.reach)

    @property
    def truncated(self) -> bool:
        """Whether rows lie beyond the reach."""
        return self._seen > self.reach

    @cached_property
    def total(self) -> str:
        """How many rows there are: exact within the reach, otherwise "about 12,000,000" or "more than 10,000"."""
        if not self.truncated or not isinstance(self.object_list, QuerySet):
            return intcomma(self.count)
        if not self.object_list.query.where and (rows := estimated_rows(self.object_list)) > self.reach:
            return f"about {intcomma(rows)}"
        return f"more than {intcomma(self.reach)}"
