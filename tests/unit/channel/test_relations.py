"""Parameters that do not go together."""

from __future__ import annotations

import pytest

from actorbus.channel import parse_channel


def complaints(text: str) -> list[str]:
    return [problem.format_text() for problem in parse_channel(text)[1]]


@pytest.mark.parametrize(
    "text",
    [
        "aeron:ipc?init-term-id=0|term-id=0|term-offset=0",
        "aeron:ipc?term-length=64k|init-term-id=-5|term-id=-4|term-offset=65536",
        "aeron:ipc?init-term-id=2147483647|term-id=-2147483648|term-offset=0",
        "aeron:udp?endpoint=localhost:1",
        "aeron:udp?control=localhost:1|control-mode=dynamic",
        "aeron:udp?control-mode=manual",
        "aeron:udp?tags=1",
        "aeron:udp?endpoint=224.0.1.1:1",
        "aeron:udp?endpoint=[ff02::1]:1",
        "aeron:udp?endpoint=10.0.0.2:1",
        "aeron:udp?endpoint=h:1|term-length=64k|rcv-wnd=32k|pub-wnd=32k|mtu=8k|so-sndbuf=8k",
    ],
)
def test_parameters_that_go_together_pass(text: str) -> None:
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "aeron:ipc?term-length=64k|init-term-id=0|term-id=0",
            "init-term-id: init-term-id, term-id without term-offset; give all of init-term-id, term-id, term-offset",
        ),
        ("aeron:ipc?term-offset=0", "term-offset without init-term-id, term-id"),
        ("aeron:ipc?init-term-id=5|term-id=4|term-offset=0", "term-id 4 lies before init-term-id 5"),
        (
            "aeron:ipc?term-length=64k|init-term-id=0|term-id=0|term-offset=65568",
            "term-offset 65568 is beyond term-length 64k",
        ),
        ("aeron:udp?reliable=true", "a udp channel without endpoint; give endpoint=HOST:PORT"),
        ("aeron:udp?endpoint=h:1|control-mode=dynamic", "control-mode=dynamic without control"),
        ("aeron:udp?endpoint=224.0.1.2:1", "multicast address 224.0.1.2:1 ends in an even number; use 224.0.1.3"),
        ("aeron:udp?endpoint=h:1|mtu=8k|so-sndbuf=4k", "so-sndbuf 4k is less than mtu 8k"),
        ("aeron:udp?endpoint=h:1|mtu=8k|rcv-wnd=4k", "rcv-wnd 4k is less than mtu 8k"),
        ("aeron:udp?endpoint=h:1|term-length=64k|rcv-wnd=64k", "rcv-wnd 64k is more than half of term-length, 32k"),
        ("aeron:ipc?term-length=64k|pub-wnd=33k", "pub-wnd 33k is more than half of term-length, 32k"),
    ],
)
def test_parameters_that_do_not_are_named_with_their_values(text: str, complaint: str) -> None:
    found = complaints(text)
    assert len(found) == 1
    assert complaint in found[0]
    assert found[0].startswith("error[AB1224]: ")


def test_a_parameter_with_a_bad_value_is_not_also_called_missing() -> None:
    found = complaints("aeron:udp?endpoint=nowhere")
    assert len(found) == 1
    assert "AB1223" in found[0]
    found = complaints("aeron:ipc?init-term-id=x|term-id=0|term-offset=0")
    assert len(found) == 1
