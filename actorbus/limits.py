"""Every bound of actorbus, with the place it comes from.

Rules of this file:

* A bound that native code shares is written there too; ``tests/unit/test_limits.py`` compares the two.
* Each has a number ``L1..`` so that a page, a test and an error text can name it.
* Relations between bounds are asserted at the end: a wrong pair cannot be imported.
* Units are last in the name: ``_BYTES``, ``_NS``; a count has none.

Sources: [A] Aeron's own bound (client and driver 1.53), [D] a decision of docs/architecture.md, [M] measured
(docs/performance.md), [W] the wire format, [P] a policy of ours that a user may want changed.
"""

from __future__ import annotations

from typing import Final

KIB: Final = 1024  # bytes; powers of two, as Aeron counts
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

# ---- Aeron -----------------------------------------------------------------------------------------------------------
FRAME_ALIGNMENT_BYTES: Final = 32  # L1 [A] every fragment in a term starts at a multiple
DATA_HEADER_BYTES: Final = 32  # L2 [A] Aeron's own header before each fragment
TERM_LENGTH_MIN_BYTES: Final = 64 * KIB  # L3 [A]
TERM_LENGTH_MAX_BYTES: Final = GIB  # L4 [A]
MTU_MIN_BYTES: Final = DATA_HEADER_BYTES + FRAME_ALIGNMENT_BYTES  # L5 [A] more than the header, a multiple of 32
MTU_MAX_BYTES: Final = 65_504  # L6 [A] the largest UDP payload that is a multiple of 32
MESSAGE_MAX_BYTES: Final = 16 * MIB  # L7 [A] the smaller of this and an eighth of the term
MESSAGE_TERM_SHARE: Final = 8  # L8 [A] a message takes at most an eighth of a term
CHANNEL_URI_MAX_BYTES: Final = 4095  # L9 [A] without the ending NUL
MAX_RESEND_MAX: Final = 256  # L10 [A] retransmits a publication keeps under way

# ---- the wire format of ours (docs/wire-format.md) -------------------------------------------------------------------
FRAME_HEADER_BYTES: Final = 32  # L11 [W]
FRAME_HEADER_MAX_BYTES: Final = 65_528  # L12 [W] header with extensions: a u16, a multiple of 8
FRAME_COUNT_MAX: Final = 2**16 - 1  # L13 [W] messages in a batch frame: a u16
TYPE_ID_MAX: Final = 2**16 - 1  # L14 [W] a u16
TYPE_ID_FIRST_OF_USERS: Final = 1000  # L15 [D] ids below are ours
TYPE_ID_RAW: Final = 1  # L16 [D] raw bytes in our frame
SCHEMA_VERSION_MAX: Final = 2**16 - 1  # L17 [W] a u16
MSGPACK_DEPTH_MAX: Final = 64  # L18 [D] D5; deeper bodies are malformed
INT64_MIN: Final = -(2**63)  # L19 [W] every integer of a message is an int64
INT64_MAX: Final = 2**63 - 1  # L20 [W]

# ---- receive ---------------------------------------------------------------------------------------------------------
BATCH_MESSAGES_MAX: Final = 256  # L21 [M] 16 cost 12 % more, more than 256 gain nothing
BATCH_BYTES_MAX: Final = 64 * KIB  # L22 [M]; one larger message grows the buffer
REASSEMBLY_SESSION_MAX_BYTES: Final = MESSAGE_MAX_BYTES  # L23 [D]
REASSEMBLY_SUBSCRIPTION_MAX_BYTES: Final = 64 * MIB  # L24 [D] all sessions of a subscription together
QUARANTINE_MESSAGES_MAX: Final = 1024  # L25 [D] newest of a stream; more are counted
QUARANTINE_BYTES_MAX: Final = 4 * MIB  # L26 [D]

# ---- process ---------------------------------------------------------------------------------------------------------
HANDLES_MAX: Final = 4096  # L27 [P] drivers, clients, publications, subscriptions and counters open at once
DRIVER_SESSIONS_MAX: Final = 64  # L28 [D] a flood of setups must not fill /dev/shm
MAILBOX_MESSAGES: Final = 65_536  # L29 [P]
MAILBOX_BYTES: Final = 64 * MIB  # L30 [P]
AERON_ERROR_TEXT_BYTES: Final = 1000  # L31 [P] kept of an error of Aeron's
QUARANTINE_FILE_BYTES_MAX: Final = 64 * MIB  # L32 [P] addresses kept of one recording; more are counted

assert TERM_LENGTH_MAX_BYTES // MESSAGE_TERM_SHARE >= MESSAGE_MAX_BYTES
assert MTU_MIN_BYTES % FRAME_ALIGNMENT_BYTES == 0
assert MTU_MAX_BYTES % FRAME_ALIGNMENT_BYTES == 0
assert FRAME_HEADER_BYTES % 8 == 0
assert FRAME_HEADER_MAX_BYTES % 8 == 0
assert FRAME_HEADER_BYTES < FRAME_HEADER_MAX_BYTES < 2**16
assert 0 < TYPE_ID_RAW < TYPE_ID_FIRST_OF_USERS <= TYPE_ID_MAX
assert BATCH_MESSAGES_MAX <= FRAME_COUNT_MAX
assert REASSEMBLY_SESSION_MAX_BYTES <= REASSEMBLY_SUBSCRIPTION_MAX_BYTES


def max_message_bytes(term_length_bytes: int) -> int:
    """Return the longest message a channel with this term length carries, our frame header included."""
    return min(term_length_bytes // MESSAGE_TERM_SHARE, MESSAGE_MAX_BYTES)
