"""CRC-32C against the published check values."""

from __future__ import annotations

import pytest

from actorbus.journal.crc import crc32c


@pytest.mark.parametrize(
    ("data", "crc"),
    [  # RFC 3720, appendix B.4, and the check value of the catalogue of CRCs
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_it_is_castagnolis(data: bytes, crc: int) -> None:
    assert crc32c(data) == crc
