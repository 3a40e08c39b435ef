"""What a message is: its base class, the classes of a stream, scaled decimals, validation."""

from __future__ import annotations

from actorbus.message.base import (
    ABSTRACT,
    Message,
    MessageMeta,
    describe_class,
    is_message_class,
    type_id_of,
    version_of,
)
from actorbus.message.decimals import (
    Price,
    Quantity,
    Scale,
    price,
    quantity,
    to_decimal,
)
from actorbus.message.layout import (
    Chars,
    FixedLayout,
    Int8,
    Int16,
    Int32,
    Int64,
    Octets,
    UInt8,
    UInt16,
    UInt32,
    fixed_layout_of,
)
from actorbus.message.typeset import TypeSet, layout_of
from actorbus.message.validation import explain_encode_failure, validate

__all__ = [
    "ABSTRACT",
    "Chars",
    "FixedLayout",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Message",
    "MessageMeta",
    "Octets",
    "Price",
    "Quantity",
    "Scale",
    "TypeSet",
    "UInt8",
    "UInt16",
    "UInt32",
    "describe_class",
    "explain_encode_failure",
    "fixed_layout_of",
    "is_message_class",
    "layout_of",
    "price",
    "quantity",
    "to_decimal",
    "type_id_of",
    "validate",
    "version_of",
]
