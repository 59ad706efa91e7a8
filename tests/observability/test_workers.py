"""What tasks return becomes counters."""

import pytest
from prometheus_client import REGISTRY

from digest.observability import workers


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_deliveries_are_counted_by_what_came_of_them() -> None:
    before = value("paper_round_deliveries_total", state="accepted")
    workers.count("digest.tasks.deliver_waiting", {"accepted": 7, "deferred": 0})
    assert value("paper_round_deliveries_total", state="accepted") == before + 7


@pytest.mark.parametrize("result", [None, "a version", {"fatal": ["SPF: none"]}])
def test_what_is_no_number_is_not_counted(result: object) -> None:
    before = {each.name for each in REGISTRY.collect()}
    workers.count("digest.tasks.check_preflight", result)
    assert {each.name for each in REGISTRY.collect()} == before
