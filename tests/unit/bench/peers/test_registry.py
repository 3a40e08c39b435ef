"""Which systems the bench knows."""

from __future__ import annotations

import pytest

from actorbus.bench import peers
from actorbus.bench.case import Case
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


@pytest.mark.parametrize("name", [name for name in peers.PEERS if peers.missing(name) is None])
def test_the_code_of_every_system_can_be_shown(name: str) -> None:
    ran = peers.ran(Case(system=name), "turns")

    assert ran
    for each in ran:
        file, source = peers.code_of(each)
        assert file.startswith("actorbus/bench/")
        assert source.lstrip().startswith(("def ", "class ", "@"))


def test_what_a_system_does_not_do_is_told() -> None:
    assert peers.can("pyzmq", "ping")
    assert not peers.can("Pykka", "ping")
    with pytest.raises(NotImplementedError, match="Pykka has no ping"):
        peers.ability("Pykka", "ping")
