"""Which systems the bench knows."""

from __future__ import annotations

import pytest

from actorbus.bench import peers
from actorbus.errors import UsageError


def test_every_system_of_every_report_is_known() -> None:
    assert set(peers.MUST) <= set(peers.PEERS)


@pytest.mark.parametrize("name", peers.PEERS)
def test_every_system_says_what_it_does(name: str) -> None:
    assert peers.about(name).endswith(".")


def test_an_unknown_system_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no system 'kafka'"):
        peers.find("kafka")


def test_a_package_that_is_not_installed_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers.find("pyzmq"), "PACKAGE", "no-such-package-here")

    assert "no-such-package-here is not installed" in str(peers.missing("pyzmq"))


def test_who_is_left_out_has_a_reason() -> None:
    assert all(peers.LEFT_OUT.values())
