"""A configuration is one value that an issue can name and a replay can load."""

import json

import pytest

from digest.ranking import BadConfiguration, Configuration


def test_it_survives_json() -> None:
    configuration = Configuration(version=7, topic=0.5)
    assert Configuration.from_json(json.loads(json.dumps(configuration.as_json()))) == configuration


def test_weights_it_does_not_know_are_named() -> None:
    with pytest.raises(BadConfiguration, match="unknown ranking weights: topics"):
        Configuration.from_json({"version": 1, "topics": 2.0})


@pytest.mark.parametrize(
    ("name", "value"), [("topic", -1.0), ("topic", float("nan")), ("keyword", "1"), ("version", 1.5), ("vote", True)]
)
def test_weights_that_make_no_sense_are_named(name: str, value: object) -> None:
    with pytest.raises(BadConfiguration, match=name):
        Configuration.from_json({name: value})


def test_a_half_life_of_nothing_is_refused() -> None:
    with pytest.raises(BadConfiguration, match="trending_half_life_days must be more than zero"):
        Configuration(trending_half_life_days=0.0)


def test_shares_of_more_than_a_whole_match_are_refused() -> None:
    with pytest.raises(BadConfiguration, match="at most 1 together"):
        Configuration(verbatim_share=0.6, own_phrase_share=0.5)
