"""CRC-32C (Castagnoli) of small texts. Pure. The journal's records are checked in native code (native/ab_crc32c)."""

from __future__ import annotations

from typing import Final

__all__ = ["crc32c"]

_POLYNOMIAL: Final = 0x82F63B78  # reflected


def _row(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE: Final = tuple(_row(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """Return the checksum, 0 to 2**32 - 1; some 10 MB/s, for files of a few KiB."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
