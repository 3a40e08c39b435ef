"""Channels: parsed from text or mapping, every problem at once, written back as Aeron reads them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorbus.channel import Channel, Media, parse_channel
from actorbus.channel.parameters import PARAMETERS
from actorbus.errors import ConfigError
from actorbus.units import Duration, Size


def test_a_uri_is_taken_apart() -> None:
    channel = Channel.parse("aeron:udp?endpoint=127.0.0.1:40001|term-length=1m|reliable=false|linger=5s")
    assert channel.media is Media.UDP
    assert channel.parameters == {
        "endpoint": "127.0.0.1:40001",
        "term-length": Size("1m"),
        "reliable": False,
        "linger": Duration("5s"),
    }
    assert not channel.is_ipc
    assert not channel.spy


def test_a_mapping_says_the_same_as_a_uri() -> None:
    mapping = {
        "media": "udp",
        "endpoint": "127.0.0.1:40001",
        "reliable": True,
        "term_length": "1m",
        "mtu": "8k",
        "linger": "5s",
        "receive_buffer": "2m",
    }
    text = "aeron:udp?endpoint=127.0.0.1:40001|reliable=true|term-length=1m|mtu=8k|linger=5s|so-rcvbuf=2m"
    assert Channel.parse(mapping) == Channel.parse(text)
    assert str(Channel.parse(mapping)) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("aeron:ipc", "aeron:ipc"),
        ("aeron:ipc?", "aeron:ipc"),
        ("aeron:ipc?term-length=65536", "aeron:ipc?term-length=64k"),
        ("aeron:ipc?alias=bars|term-length=1M", "aeron:ipc?alias=bars|term-length=1m"),
        ("aeron-spy:aeron:udp?endpoint=h:1", "aeron-spy:aeron:udp?endpoint=h:1"),
    ],
)
def test_text_is_written_back_in_its_order_with_values_normalised(text: str, written: str) -> None:
    assert str(Channel.parse(text)) == written
    assert repr(Channel.parse(text)) == f"Channel.parse({written!r})"


def test_a_mapping_may_use_aerons_own_names_and_null_for_not_given() -> None:
    channel = Channel.parse({"media": "ipc", "term-length": "64k", "mtu": None})
    assert str(channel) == "aeron:ipc?term-length=64k"


def test_channels_are_equal_whatever_the_order_of_parameters() -> None:
    one = Channel.parse("aeron:ipc?term-length=1m|mtu=8k")
    other = Channel.parse("aeron:ipc?mtu=8k|term-length=1m")
    assert one == other
    assert hash(one) == hash(other)
    assert one != Channel.parse("aeron:ipc")
    assert one != str(one)


@pytest.mark.parametrize(
    ("given_", "complaint"),
    [
        ("", "'' is not an Aeron channel"),
        ("udp://localhost", "is not an Aeron channel; write"),
        ("aeron:tcp?endpoint=h:1", "media 'tcp' is not known; write ipc or udp"),
        ("aeron:ipcx", "media 'ipcx' is not known"),
        ("aeron:ipc?term-length", "'term-length' is not name=value"),
        ("aeron:ipc?term-length=", "is not name=value"),
        ("aeron:ipc?=1m", "is not name=value"),
        ("aeron:ipc?mtu=8k||sparse=true", "'' is not name=value"),
        ({"endpoint": "h:1"}, "the channel says no media"),
        ({"media": "rdma"}, "media 'rdma' is not known"),
        (None, "None is not a channel"),
        (["aeron:ipc"], "is not a channel"),
    ],
)
def test_what_is_no_channel_is_refused_with_what_to_write(given_: Any, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _ = Channel.parse(given_)
    assert "error[AB1221]" in str(caught.value)
    assert complaint in str(caught.value)


def test_an_unknown_parameter_is_refused_with_the_nearest_name() -> None:
    problem = parse_channel({"media": "ipc", "term_lenght": "1m"})[1][0]
    assert problem.code == "AB1222"
    assert problem.path == "term_lenght"
    assert problem.hint == "did you mean term-length?"


def test_a_parameter_given_twice_is_refused() -> None:
    problems = parse_channel("aeron:ipc?mtu=8k|mtu=4k")[1]
    assert [problem.code for problem in problems] == ["AB1225"]
    problems = parse_channel({"media": "udp", "endpoint": "h:1", "receive_buffer": "1m", "so_rcvbuf": "1m"})[1]
    assert [problem.code for problem in problems] == ["AB1225"]


def test_a_parameter_of_another_media_is_refused() -> None:
    problem = parse_channel("aeron:ipc?endpoint=h:1")[1][0]
    assert (problem.code, problem.message) == ("AB1224", "endpoint does not apply to ipc: it is a parameter of udp")


def test_every_problem_is_told_at_once_each_with_its_key() -> None:
    channel, problems = parse_channel(
        {"media": "udp", "endpoint": "h", "term_length": "3k", "mtu": 1000, "colour": "red", "init_term_id": 0}
    )
    assert channel is None
    assert [(problem.code, problem.path) for problem in problems] == [
        ("AB1223", "endpoint"),
        ("AB1223", "term_length"),
        ("AB1223", "mtu"),
        ("AB1222", "colour"),
        ("AB1224", "init_term_id"),
    ]
    assert all(problem.value is not None for problem in problems[:4])


def test_a_uri_longer_than_aeron_takes_is_refused() -> None:
    problem = parse_channel(f"aeron:ipc?alias={'x' * 5000}")[1][0]
    assert "the channel has 5016 bytes; Aeron takes 4095" in problem.message


def test_defaults_fill_in_what_is_not_said() -> None:
    channel = Channel.parse("aeron:ipc?mtu=8k")
    full = channel.with_defaults(term_length="1m", mtu="4k", sparse=False, receive_buffer="1m", linger=None)
    assert str(full) == "aeron:ipc?mtu=8k|term-length=1m|sparse=false"
    assert str(channel) == "aeron:ipc?mtu=8k"


def test_defaults_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="pub-wnd 64k is more than half of term-length"):
        _ = Channel.parse("aeron:ipc?pub-wnd=64k").with_defaults(term_length="64k")
    with pytest.raises(ConfigError, match="unknown channel parameter"):
        _ = Channel.parse("aeron:ipc").with_defaults(colour="red")


def test_a_spy_stays_a_spy_with_defaults() -> None:
    channel = Channel.parse("aeron-spy:aeron:udp?endpoint=h:1").with_defaults(mtu="8k")
    assert str(channel) == "aeron-spy:aeron:udp?endpoint=h:1|mtu=8k"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("aeron:ipc?term-length=64k", 8 * 1024),
        ("aeron:ipc?term-length=1m", 128 * 1024),
        ("aeron:ipc?term-length=16m", 2 * 1024 * 1024),
        ("aeron:ipc?term-length=1g", 16 * 1024 * 1024),
        ("aeron:ipc", None),
    ],
)
def test_the_longest_message_follows_from_the_term_length(text: str, length: int | None) -> None:
    assert Channel.parse(text).max_message_length == length


def test_a_channel_is_taken_as_it_is() -> None:
    channel = Channel.parse("aeron:ipc")
    assert Channel.parse(channel) is channel


@given(st.text(max_size=60))
def test_any_text_is_a_channel_or_has_problems(text: str) -> None:
    for candidate in (text, f"aeron:udp?{text}", f"aeron:ipc?{text}"):
        channel, problems = parse_channel(candidate)
        assert (channel is None) == bool(problems)


@given(st.dictionaries(st.sampled_from(["media", *PARAMETERS]), st.one_of(st.none(), st.booleans(), st.integers(),
       st.floats(), st.text(max_size=12), st.lists(st.integers()))))  # fmt: skip
def test_any_mapping_is_a_channel_or_has_problems(mapping: dict[str, Any]) -> None:
    channel, problems = parse_channel({**mapping, "media": "ipc"})
    assert (channel is None) == bool(problems)
    if channel is not None:
        assert Channel.parse(str(channel)) == channel
