from __future__ import annotations

from actorbus.actors import parts


def test_parts_are_plain_records() -> None:
    for name in parts.__all__:
        kind = getattr(parts, name)
        assert issubclass(kind, tuple)
        assert kind._fields
