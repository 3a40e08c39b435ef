"""An option that names a member of an enum is found by name, or refused with the names there are."""

from __future__ import annotations

from enum import Enum

import pytest

import actorbus as ab
from actorbus_handlers.options import member


class Colour(Enum):
    """Two colours."""

    RED = 1
    DARK_BLUE = 2


@pytest.mark.parametrize("name", ["dark_blue", "DARK_BLUE", "Dark_Blue"])
def test_a_member_is_found_by_its_name_in_any_case(name: str) -> None:
    assert member(Colour, "colour", name) is Colour.DARK_BLUE


@pytest.mark.parametrize("name", ["", "blue", "2"])
def test_anything_else_is_refused_with_the_names_there_are(name: str) -> None:
    with pytest.raises(ab.UsageError, match=f"colour is '{name}'.*give one of red, dark_blue"):
        member(Colour, "colour", name)
