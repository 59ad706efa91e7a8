"""The list of defences is true of the code as it stands. That each is missed when it is gone, `make defences` shows."""

import pytest

from digest.environment import BASE
from tests.defences.cases import DEFENCES, Defence


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.name)
def test_a_defence_stands_where_the_list_says(defence: Defence) -> None:
    assert (BASE / defence.path).read_text(encoding="utf-8").count(defence.stands) == 1
    for name in defence.tests.split(" -k ")[0].split():
        assert (BASE / name).exists(), name
