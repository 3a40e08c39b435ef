"""A hostile UDP peer: Aeron's SETUP and DATA frames written by hand, right, wrong and mutated. Loopback only.

The peer behaves just well enough to be heard: it announces a session, stays inside the receiver's window, and puts a
right frame after each wrong one at the same place, so that what the driver throws away leaves no hole behind. (The
first of the two that the driver lets in stays; the other is a duplicate.)

Layout of the protocol restated (little endian): every frame begins with i32 length, u8 version, u8 flags, u16 type.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from typing import Self

from tests.support.pacing import pace

SETUP = struct.Struct(
    "<iBBHiiiiiiii"
)  # ..., term offset, session, stream, initial term, active term, term length, mtu, ttl
DATA = struct.Struct("<iBBHiiiiq")  # ..., term offset, session, stream, term, reserved
STATUS = struct.Struct("<iBBHiiiii")  # ..., session, stream, consumption term, its offset, window
TYPE_PAD, TYPE_DATA, TYPE_STATUS, TYPE_SETUP = 0, 1, 3, 5
WHOLE, BEGIN, MIDDLE, END = 0xC0, 0x80, 0x00, 0x40
MTU = 1408
TERM = 1 << 16
IN_FLIGHT = 16 << 10
"""Below half a term, the window, and the socket buffer."""
STALL_S = 0.05
STUCK_S = 0.4


class Peer:
    """A sender with a session of its own on one UDP endpoint and stream."""

    def __init__(self, port: int, stream: int, session: int, *, term_length: int = TERM, seed: int = 1) -> None:
        self.address = ("127.0.0.1", port)
        self.stream = stream
        self.session = session
        self.term_length = term_length
        self.random = random.Random(seed)
        self.initial_term = self.random.randrange(-(2**31), 2**31)
        self.position = 0
        self.consumed = 0
        self.heard = False
        self.sent = 0
        self.restarts = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- frames ------------------------------------------------------------------------------------------------------

    def term_at(self, position: int) -> int:
        """Return the term id of a position, as Aeron wraps it."""
        return (self.initial_term + position // self.term_length + 2**31) % 2**32 - 2**31

    def setup(self, *, session: int | None = None, term_length: int | None = None, mtu: int = MTU) -> bytes:
        """Return a SETUP frame for the place we are at."""
        return SETUP.pack(
            SETUP.size,
            0,
            0,
            TYPE_SETUP,
            self.position % self.term_length,
            self.session if session is None else session,
            self.stream,
            self.initial_term,
            self.term_at(self.position),
            self.term_length if term_length is None else term_length,
            mtu,
            0,
        )

    def data(
        self,
        body: bytes = b"",
        *,
        offset: int = 0,
        length: int | None = None,
        flags: int = WHOLE,
        kind: int = TYPE_DATA,
        session: int | None = None,
        term: int | None = None,
    ) -> bytes:
        """Return a DATA frame, padded to 32, `offset` bytes on from where we are; `length` is what its header says."""
        place = self.position + offset
        head = DATA.pack(
            DATA.size + len(body) if length is None else length,
            0,
            flags,
            kind,
            place % self.term_length,
            self.session if session is None else session,
            self.stream,
            self.term_at(place) if term is None else term,
            0,
        )
        return head + body + b"\0" * (-len(body) % 32)

    # -- the wire ----------------------------------------------------------------------------------------------------

    def send(self, packet: bytes) -> None:
        """Send a packet; a full socket buffer waits."""
        self.sent += 1
        while True:
            try:
                self.socket.sendto(packet, self.address)
            except BlockingIOError:
                pace(0.0005)
            except ConnectionRefusedError:  # an ICMP of an earlier one: nobody has the port yet
                continue
            else:
                return

    def listen(self) -> None:
        """Take the status messages that wait: how far the receiver is."""
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            while True:
                packet = self.socket.recv(2048)
                if len(packet) < STATUS.size:
                    continue
                _, _, _, kind, session, _, term, offset, _ = STATUS.unpack_from(packet)
                if kind == TYPE_STATUS and session == self.session:
                    self.heard = True
                    terms = (term - self.initial_term) % 2**32
                    self.consumed = max(self.consumed, terms * self.term_length + offset)

    def connect(self, timeout_s: float = 10.0) -> None:
        """Announce the session until the receiver answers."""
        deadline = time.monotonic() + timeout_s
        while not self.heard:
            assert time.monotonic() < deadline, f"no status message for session {self.session} within {timeout_s:g} s"
            self.send(self.setup())
            self.send(self.data(length=0))  # a heartbeat: keeps the image
            pace(0.01)
            self.listen()

    def wait_window(self) -> None:
        """Wait until little is in flight; holes are filled with padding; a stuck session makes room for another."""
        deadline = time.monotonic() + STUCK_S
        again = time.monotonic() + STALL_S
        self.listen()
        while self.position - self.consumed > IN_FLIGHT:
            now = time.monotonic()
            if now > deadline:
                self.restart()
                return
            if now > again:
                again = now + STALL_S
                self._fill()
            pace(0.0005)
            self.listen()

    def restart(self) -> None:
        """Go on as another session, from its beginning."""
        self.session += 1
        self.restarts += 1
        self.position = self.consumed = 0
        self.heard = False
        self.connect(30.0)

    def _fill(self) -> None:
        """Send padding for every 32 bytes from what was consumed to where we are: fits any hole."""
        here = self.position
        place = self.consumed
        while place < here:
            self.position = place
            self.send(self.data(kind=TYPE_PAD))
            place += 32
        self.position = here
        self.send(self.setup())

    def advance(self, wrong: bytes, right: bytes) -> None:
        """Send a wrong packet and the right one for its place, and go on behind."""
        self.send(wrong)
        self.send(right)
        self.position += len(right)

    def room(self, length: int) -> None:
        """Go on to the next term when this one has no room for so many bytes, and stay inside the window."""
        left = self.term_length - self.position % self.term_length
        if left < length:
            self.send(self.data(length=left, kind=TYPE_PAD))
            self.position += left
        self.wait_window()


def known_bad(peer: Peer, body: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield name, packet and the right packet for its place: one of each kind that is known to hurt naive clients."""
    for length in (-1, 0, *range(1, 33), 2**31 - 1, -(2**31)):
        yield f"frame length {length}", peer.data(length=length), peer.data()
    for length in (33, 2**31 - 1, 2**31 - 32, 4096, -1):
        yield f"frame length {length} around a body", peer.data(body, length=length), peer.data(body)
    large = bytes(4064)
    yield "beyond the MTU", peer.data(large), peer.data(large)
    yield "flags without BEGIN", peer.data(body, flags=MIDDLE), peer.data(body)
    yield "END without BEGIN", peer.data(body, flags=END), peer.data(body)
    yield "BEGIN, then a whole one", peer.data(body, flags=BEGIN), peer.data(body)
    first = peer.data(body)
    for name, more in (
        ("a short second frame", {"length": 7}),
        ("a second frame of another session", {"session": 12345}),
        ("a second frame of a far term", {"term": 2**31 - 1}),
    ):
        second = peer.data(b"" if "length" in more else body, offset=len(first), **more)
        honest = peer.data(body, offset=len(first)) if len(second) > 32 else peer.data(offset=len(first))
        yield name, first + second, first + honest


def send_known_bad(peer: Peer, body: bytes, victim: int | None = None) -> int:
    """Send one of each; returns how many. `victim`: a session in whose name the peer speaks in second frames."""
    count = 0
    names = [name for name, _, _ in known_bad(peer, body)]
    for place, _ in enumerate(names):
        peer.room(8192)
        _, wrong, right = list(known_bad(peer, body))[place]
        peer.advance(wrong, right)
        count += 1
    if victim is not None:
        for term in (2**31 - 1, peer.term_at(peer.position)):
            peer.room(8192)
            first = peer.data(body)
            second = peer.data(body, offset=len(first), session=victim, term=term)
            peer.advance(first + second, first + second)
            count += 1
    return count


def send_forged(peer: Peer, bodies: Iterable[bytes]) -> int:
    """Send right frames around bodies that lie; returns how many."""
    count = 0
    for body in bodies:
        peer.room(512)
        packet = peer.data(body)
        peer.send(packet)
        peer.position += len(packet)
        count += 1
    return count


def send_mutated(peer: Peer, body: bytes, count: int) -> None:
    """Send `count` packets with a few bytes changed, lengths cut, frames added; the stream goes on behind each."""
    rng = peer.random
    choice, randrange = rng.choice, rng.randrange
    kinds = (WHOLE, WHOLE, WHOLE, BEGIN, MIDDLE, END)
    for number in range(count):
        if number % 16 == 0:
            peer.room(16 * 512)
        right = peer.data(body, flags=choice(kinds))
        if randrange(4) == 0:
            right += peer.data(body, offset=len(right), flags=choice(kinds))
        wrong = bytearray(right)
        for _ in range(randrange(1, 5)):
            place = randrange(len(wrong))
            if 8 <= place < 12 and randrange(50):
                continue  # another term offset often ends the session: two packets overlap, and the driver is stuck
            wrong[place] = randrange(256)
        if randrange(8) == 0:
            struct.pack_into("<i", wrong, 0, randrange(-40, 2 * len(wrong)))
        if randrange(16) == 0:
            del wrong[randrange(len(wrong)) :]
        if len(wrong) >= 8 and wrong[6] == wrong[7] == 0:
            # Padding longer than its packet lies over what follows, and lets the sender choose a header that the
            # driver reads without a check: one of 2^31 - 1 ends Aeron's own driver (docs/bugs.md). Ours stay short.
            struct.pack_into("<i", wrong, 0, min(struct.unpack_from("<i", wrong)[0], len(wrong)))
        peer.advance(bytes(wrong), right)


def flood_setups(peer: Peer, count: int, *, first_session: int, term_length: int, pause_s: float = 0.005) -> None:
    """Announce `count` sessions, one after another.

    Aeron counts a session against its limit when its log is made, some milliseconds after its SETUP: what comes in
    between gets past the limit. So a flood in one burst ends above it (docs/bugs.md); one with a pause does not.
    """
    for number in range(count):
        peer.send(peer.setup(session=first_session + number, term_length=term_length))
        pace(pause_s)
