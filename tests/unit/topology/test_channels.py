"""Channels of streams: defaults of the profile, problems at their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.channel import Channel
from actorbus.topology.channels import check_channel, resolve, same_place
from actorbus.topology.profiles import Profile, load_profile
from actorbus.topology.report import Report
from tests.support.topologies import tree_of


@pytest.fixture
def profile() -> Profile:
    found = load_profile("laptop", Path(), Report(), {})
    assert found is not None
    return found


def test_the_profiles_term_length_fills_in_what_is_not_said(profile: Profile) -> None:
    assert str(resolve(Channel.parse("aeron:ipc"), profile).channel) == "aeron:ipc?term-length=1m"
    assert resolve(Channel.parse("aeron:ipc?term-length=64k"), profile).term_length == 65_536


def test_the_longest_body_is_an_eighth_of_a_term_less_our_header(profile: Profile) -> None:
    channel = resolve(Channel.parse("aeron:ipc?term-length=64k"), profile)

    assert channel.max_message_length(framed=False) == 8192
    assert channel.max_message_length(framed=True) == 8192 - 32


def test_the_mtu_is_that_of_the_channel_or_the_drivers(profile: Profile) -> None:
    assert resolve(Channel.parse("aeron:udp?endpoint=127.0.0.1:1|mtu=8k"), profile).mtu == 8192
    assert resolve(Channel.parse("aeron:ipc"), profile).mtu is None


def test_a_problem_of_a_mapping_points_at_its_parameter(profile: Profile) -> None:
    report = Report()
    root = tree_of("channel: {media: udp, endpoint: 'x', mtu: 7}\n", report)

    assert check_channel(root.nearest(("channel",)).to_python(), profile, report, ("channel",)) is None
    assert [(problem.path, problem.column) for problem in report.problems()] == [
        ("channel.endpoint", 33),
        ("channel.mtu", 43),
    ]


def test_a_problem_of_a_uri_points_at_the_uri_and_names_the_parameter(profile: Profile) -> None:
    report = Report()
    root = tree_of("channel: aeron:ipc?mtu=7|term-length=3k\n", report)

    check_channel(root.nearest(("channel",)).to_python(), profile, report, ("channel",))

    assert [problem.path for problem in report.problems()] == ["channel", "channel"]
    assert [problem.message.split(":")[0] for problem in report.problems()] == ["mtu", "term-length"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("aeron:ipc", "aeron:ipc?term-length=2m", True),
        ("aeron:ipc", "aeron:udp?endpoint=a:1", False),
        ("aeron:udp?endpoint=a:1", "aeron:udp?endpoint=a:1|mtu=8k", True),
        ("aeron:udp?endpoint=a:1", "aeron:udp?endpoint=a:2", False),
        ("aeron:udp?endpoint=a:1|session-id=1", "aeron:udp?endpoint=a:1|session-id=2", False),
    ],
)
def test_channels_are_one_place_when_only_their_sizes_differ(one: str, other: str, same: bool) -> None:
    assert (same_place(Channel.parse(one)) == same_place(Channel.parse(other))) is same
