"""A reader's own pages: accessible, whole on a phone, in light and dark, loading nothing from elsewhere."""

import pytest

from tests.browser.conftest import NewContext
from tests.browser.readers import screens
from tests.browser.test_pages import LOOKS, ONLY, Sources, invalid, look
from tests.browser.world import World

pytestmark = pytest.mark.browser


@pytest.mark.long
def test_every_page_of_a_reader_is_accessible_and_fits_a_phone(world: World, new_context: NewContext) -> None:
    faults, sources = {}, Sources()
    for screen in screens:
        for scheme, size in LOOKS:
            if ONLY and screen.name not in ONLY:
                continue
            if found := look(world, new_context, screen, scheme, size, sources):
                faults[f"{screen.name}, {scheme}, {size['width']} px"] = found
    assert faults == {}
    assert invalid(sources) == {}
