"""Channel parameters: each value is read, bounded and written as Aeron does."""

from __future__ import annotations

import pytest

from actorbus.channel.parameters import ALIASES, PARAMETERS, Kind, channel_parameters, parse_value, write_value
from actorbus.errors import InvalidValue
from actorbus.units import Duration, Size


@pytest.mark.parametrize(
    ("name", "given", "written"),
    [
        ("endpoint", "127.0.0.1:40001", "127.0.0.1:40001"), ("endpoint", "localhost:0", "localhost:0"),
        ("endpoint", "[::1]:40001", "[::1]:40001"), ("endpoint", "[fe80::1%eth0]:1", "[fe80::1%eth0]:1"),
        ("endpoint", "feed.example.com:65535", "feed.example.com:65535"),
        ("term-length", "1m", "1m"), ("term-length", 65_536, "64k"), ("term-length", "1g", "1g"),
        ("term-length", "131072", "128k"), ("mtu", "8k", "8k"), ("mtu", 1408, "1408"), ("mtu", "65504", "65504"),
        ("linger", "5s", "5s"), ("linger", "1.5s", "1500ms"), ("linger", "0s", "0s"), ("linger", "1000", "1us"),
        ("reliable", True, "true"), ("reliable", "false", "false"),
        ("group", "infer", "infer"), ("group", True, "true"), ("control-mode", "dynamic", "dynamic"),
        ("session-id", "-5", "-5"), ("session-id", 7, "7"), ("session-id", "tag:9", "tag:9"),
        ("init-term-id", "0x10", "16"), ("term-offset", 64, "64"), ("ttl", 255, "255"),
        ("fc", "tagged,g:1001/3,t:5s", "tagged,g:1001/3,t:5s"), ("tags", "1,2", "1,2"), ("tags", 1, "1"),
        ("channel-snd-ts-offset", "reserved", "reserved"), ("channel-snd-ts-offset", "8", "8"),
        ("response-correlation-id", "prototype", "prototype"), ("response-correlation-id", str(2**62), str(2**62)),
        ("so-rcvbuf", "2m", "2m"), ("max-resend", 256, "256"), ("alias", "bars", "bars"),
    ],
)  # fmt: skip
def test_a_value_is_written_the_way_aeron_reads_it(name: str, given: object, written: str) -> None:
    assert write_value(parse_value(name, given)) == written


@pytest.mark.parametrize(
    ("name", "given", "complaint"),
    [
        ("term-length", "3000", "3000 is out of range: allowed are 64k to 1g"),
        ("term-length", "2g", "2g is out of range"),
        ("term-length", "96k", "96k is not a power of two; write 64k or 128k"),
        ("term-length", "64 bananas", "is not a size"),
        ("term-length", True, "True is not a size"),
        ("mtu", "32", "32 is out of range: allowed are 64 to 65504"),
        ("mtu", "64k", "64k is out of range"),
        ("mtu", "1000", "1000 is not a multiple of 32; write 992"),
        ("linger", 5, "5 has no unit"),
        ("linger", "soon", "'soon' is not a duration"),
        ("reliable", "yes", "'yes' is not a boolean; write true or false"),
        ("reliable", 1, "1 is not a boolean"),
        ("control-mode", "auto", "'auto' is not allowed; write manual, dynamic, response"),
        ("session-id", "abc", "'abc' is not an integer"),
        ("session-id", "tag:x", "is not an integer"),
        ("session-id", 2**31, "2147483648 is out of range"),
        ("session-id", True, "True is not an integer"),
        ("session-id", 1.5, "1.5 is not an integer"),
        ("term-offset", 33, "33 is not a multiple of 32"),
        ("ttl", 256, "256 is out of range: allowed are 0 to 255"),
        ("endpoint", "localhost", "'localhost' is not host:port"),
        ("endpoint", "localhost:", "is not host:port"),
        ("endpoint", "localhost:70000", "port 70000 is out of range: ports are 0 to 65535"),
        ("endpoint", "1.2.3:80", "'1.2.3:80' is not an address"),
        ("endpoint", "1.2.3.400:80", "is not an address"),
        ("endpoint", "[::g]:80", "is not host:port"),
        ("endpoint", "[1::2::3]:80", "is not an address"),
        ("endpoint", "::1:80", "is not host:port"),
        ("endpoint", "-bad-:80", "'-bad-' is not a host name"),
        ("endpoint", 40001, "40001 is not host:port"),
        ("alias", "", "'' cannot stand in a channel"),
        ("alias", "a|b", "cannot stand in a channel"),
        ("alias", "a=b", "cannot stand in a channel"),
        ("tags", [1, 2], "cannot stand in a channel"),
        ("max-resend", 0, "0 is out of range: allowed are 1 to 256"),
        ("so-sndbuf", 0, "0 is out of range: allowed are 1 or more"),
        ("response-correlation-id", -2, "-2 is out of range"),
    ],
)
def test_a_wrong_value_is_refused_with_the_value_and_what_is_allowed(name: str, given: object, complaint: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        _ = parse_value(name, given)
    assert complaint in str(caught.value)


def test_sizes_and_durations_are_numbers_once_parsed() -> None:
    assert isinstance(parse_value("term-length", "1m"), Size)
    assert isinstance(parse_value("linger", "5s"), Duration)
    assert parse_value("linger", Duration("5s")) == 5_000_000_000


def test_aliases_lead_to_parameters() -> None:
    assert set(ALIASES.values()) <= set(PARAMETERS)
    assert not set(ALIASES) & set(PARAMETERS)


def test_no_parameter_is_the_beginning_of_another() -> None:
    """Aeron finds most parameters by comparing as many characters as the name has: `mtu` would also find `mtux=1`."""
    compared_whole = {"endpoint", "interface", "control", "control-mode", "ttl", "tags"}
    names = sorted(set(PARAMETERS) - compared_whole)
    assert [(a, b) for a in names for b in names if a != b and b.startswith(a)] == []


def test_the_table_can_be_read_by_others_but_not_changed() -> None:
    table = channel_parameters()
    assert table["mtu"].kind is Kind.SIZE
    with pytest.raises(TypeError):
        table["x"] = table["mtu"]  # pyright: ignore[reportIndexIssue]


def test_every_kind_is_used() -> None:
    assert {row.kind for row in PARAMETERS.values()} == set(Kind)
