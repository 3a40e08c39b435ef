"""Small version of issue 3, line 4."""

from __future__ import annotations

from tests.system.hostile import mix, rate_ratio


def test_good_messages_keep_their_address_beside_every_kind_of_bad_one() -> None:
    assert "all quarantined" in mix(2_000, seed=1)


def test_a_share_of_unknown_types_slows_the_good_ones_by_no_more_than_a_third() -> None:
    """The bound is 0.7 in `make prove`, with more and longer turns; here it only must not collapse."""
    assert rate_ratio(3, 0.2) >= 0.4
