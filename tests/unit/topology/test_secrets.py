"""Secrets in the file are refused and never repeated."""

from __future__ import annotations

import pytest

from actorbus.topology.secrets import may_be_secret
from tests.support.topologies import minimal, problems

SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    "security",
    [
        {"key": SECRET},
        {"keys": {"trading": SECRET}},
        {"keys": {"trading": {"secret": SECRET}}},
        {"private_key": SECRET},
        {"peers": ["00112233445566778899aabbccddeeff"]},
        {"peers": ["-----BEGIN PRIVATE KEY-----"]},
    ],
)
def test_a_literal_secret_is_refused_and_hidden(security: dict[str, object]) -> None:
    told = problems(minimal(security=security))

    assert "AB1601" in {problem.code for problem in told}
    text = "\n".join(problem.format_text() for problem in told)
    assert SECRET not in text
    assert "0011223344" not in text
    assert "BEGIN" not in text


@pytest.mark.parametrize(
    "security",
    [{"key": "file:/run/key"}, {"key": "env:KEY"}, {"keys": {"a": {"file": "x"}}}, {"audit": {"file": "a.log"}}],
)
def test_a_reference_is_no_secret(security: dict[str, object]) -> None:
    assert "AB1601" not in {problem.code for problem in problems(minimal(security=security))}


def test_a_key_in_a_codec_is_refused_too() -> None:
    streams = {"s": {"stream_id": 1, "messages": ["Bar"], "codec": {"security": "base64:AAAA"}}}

    assert [problem.code for problem in problems(minimal(streams=streams)) if problem.is_error] == ["AB1601"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("secret: hunter2", True),
        ("  keys: {trading: x}", True),
        ("  x: " + "a1" * 20, True),
        ("  bars: {stream_id: 1, messages: [Bar}", False),
    ],
)
def test_a_line_that_may_hold_a_secret_is_known_without_reading_it(line: str, expected: bool) -> None:
    assert may_be_secret(line) is expected
