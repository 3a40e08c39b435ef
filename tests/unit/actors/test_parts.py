from __future__ import annotations

from actorbus.actors import parts


def test_parts_are_plain_records() -> None:
    for name in parts.__all__:
        kind = getattr(parts, name)
        if getattr(kind, "_is_protocol", False):
            continue  # what a record's field must be able to do
        assert issubclass(kind, tuple)
        assert kind._fields
