"""The catalogue of what can be wrong with a topology: one row a code. Codes are stable: never reused, never renumbered.

    AB10xx  the file could not be read            AB15xx  comes later
    AB11xx  a key or value has the wrong shape    AB16xx  secrets
    AB12xx  streams, pollers, recorders           AB17xx  this machine cannot do it
    AB13xx  classes, options, outputs             AB19xx  warnings: allowed, but look

AB122x belong to actorbus/channel, AB124x to recorders.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CATALOGUE", "MACHINE_CODES", "is_warning"]

CATALOGUE: Final[dict[str, str]] = {
    "AB1000": "the configuration is wrong",
    "AB1001": "the file cannot be read",
    "AB1002": "not YAML",
    "AB1003": "a key is given twice",
    "AB1004": "the file is larger than allowed",
    "AB1005": "nested deeper than allowed",
    "AB1006": "more aliases or nodes than allowed",
    "AB1007": "a YAML tag",
    "AB1008": "an environment variable is not set",
    "AB1009": "a ${...} that is not one",
    "AB1010": "an override names nothing",
    "AB1011": "not one mapping",
    "AB1101": "unknown key",
    "AB1102": "missing key",
    "AB1103": "wrong type",
    "AB1104": "not one of the allowed values",
    "AB1105": "out of range",
    "AB1106": "not a duration",
    "AB1107": "not a size",
    "AB1108": "not a name",
    "AB1109": "unknown version",
    "AB1110": "the profile is unknown or wrong",
    "AB1201": "unknown stream",
    "AB1202": "a stream in two pollers",
    "AB1203": "a handler on streams of two pollers",
    "AB1204": "two streams with one channel and stream id",
    "AB1206": "a message that cannot be imported",
    "AB1207": "not a message class",
    "AB1208": "one type id with two layouts",
    "AB1209": "messages and format do not go together",
    "AB1210": "frame and format do not go together",
    "AB1211": "the handler's streams",
    "AB1212": "a name used twice in a list",
    "AB1213": "a key without effect here",
    "AB1214": "the field to conflate by",
    "AB1215": "handlers that wait for each other, or for one they cannot wait for",
    "AB1216": "two channels on one socket",
    "AB1217": "longer than the stream carries",
    "AB1218": "a message without a fixed layout",
    "AB1221": "not a channel",
    "AB1222": "unknown channel parameter",
    "AB1223": "a bad value of a channel parameter",
    "AB1224": "channel parameters that do not go together",
    "AB1225": "a channel parameter given twice",
    "AB1241": "a recorder without streams",
    "AB1242": "the directory of a recorder",
    "AB1243": "the segments of a recorder",
    "AB1244": "not a place in a recording",
    "AB1245": "a handler that cannot read a recording",
    "AB1301": "unknown class of the shelf",
    "AB1302": "a module that cannot be imported",
    "AB1303": "a class that is not in its module",
    "AB1304": "not a class of the right kind",
    "AB1305": "unknown option",
    "AB1306": "missing option",
    "AB1307": "an option of the wrong type",
    "AB1308": "unknown output",
    "AB1309": "an output that goes nowhere",
    "AB1310": "an output whose messages its stream does not carry",
    "AB1311": "a handler of messages its stream does not carry",
    "AB1312": "a handler that handles nothing",
    "AB1313": "a source whose messages its stream does not carry",
    "AB1314": "an asynchronous handler without a thread of its own",
    "AB1315": "numpy is not installed",
    "AB1316": "columns of a stream without fixed layouts",
    "AB1317": "a column handler with a mailbox",
    "AB1501": "not built yet",
    "AB1601": "a secret in the file",
    "AB1701": "a CPU this machine does not have",
    "AB1702": "not enough shared memory",
    "AB1703": "the driver directory is refused",
    "AB1901": "a feedback loop of streams",
    "AB1902": "a tie of priorities",
    "AB1903": "pollers that fight for cores",
    "AB1904": "messages nobody here publishes",
    "AB1905": "messages nobody here handles",
    "AB1906": "several receivers without flow control",
    "AB1907": "a term that holds the driver up",
    "AB1908": "a mailbox too small for a message",
}

MACHINE_CODES: Final = frozenset({"AB1702"})
"""When nothing else is wrong, `run` exits with 3 (the environment) instead of 2 (the input)."""


def is_warning(code: str) -> bool:
    """Whether problems of this code are warnings, which stop nothing."""
    return code.startswith("AB19")
