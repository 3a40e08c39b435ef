"""Errors: codes are stable and unique, texts say what, where, why and what next."""

from __future__ import annotations

import pickle
import re

import pytest

from actorbus import errors
from actorbus.errors import ActorBusError, BackPressured, ConfigError, InvalidValue, NativeError, Problem

CLASSES = [cls for cls in errors.all_error_classes() if cls.__module__ == errors.__name__]

# Published codes: never changed, never reused. A new class adds a line.
CODES = {
    "ActorBusError": "AB0000", "ConfigError": "AB1000", "UsageError": "AB2000", "ClosedError": "AB2001",
    "MessageTooLarge": "AB2002", "StaleError": "AB2003", "InvalidValue": "AB2004", "AskCycle": "AB2005",
    "Refused": "AB2100",
    "BackPressured": "AB2101", "NotConnected": "AB2102", "MailboxFull": "AB2103", "BrokenError": "AB2200",
    "DriverLost": "AB2201", "NativeError": "AB2202", "EnvironmentFault": "AB2210", "DriverUnavailable": "AB2211",
    "DirectoryRefused": "AB2212", "PermissionRefused": "AB2213", "OutOfMemory": "AB2214", "AddressInUse": "AB2215",
    "LibraryMissing": "AB2216", "EncodeError": "AB2300", "DecodeError": "AB3000", "FrameCorrupt": "AB3001",
    "UnknownType": "AB3002", "AuthenticationFailed": "AB3003", "TooLarge": "AB3004", "Replayed": "AB3005",
    "RecordingError": "AB4000", "HandlerFailed": "AB5001", "InternalError": "AB9000",
}  # fmt: skip


def test_every_class_keeps_its_published_code() -> None:
    assert {cls.__name__: cls.code for cls in CLASSES} == CODES


def test_no_two_classes_share_a_code() -> None:
    assert len({cls.code for cls in CLASSES}) == len(CLASSES)


def test_the_tree_is_that_of_the_architecture() -> None:
    assert issubclass(errors.BackPressured, errors.Refused)
    assert issubclass(errors.DriverLost, errors.BrokenError)
    assert issubclass(errors.EnvironmentFault, errors.BrokenError)
    assert issubclass(errors.Replayed, errors.DecodeError)
    assert issubclass(errors.MessageTooLarge, errors.UsageError)
    assert issubclass(errors.InvalidValue, ValueError)


def test_exit_codes_tell_input_from_environment_from_failure() -> None:
    assert ConfigError.exit_code == 2
    assert errors.UsageError.exit_code == 2
    assert all(cls.exit_code == 3 for cls in CLASSES if issubclass(cls, errors.EnvironmentFault))
    assert errors.DriverLost.exit_code == 1
    assert errors.BackPressured.exit_code == 1
    assert errors.ClosedError.exit_code == 1
    assert {cls.exit_code for cls in CLASSES} == {1, 2, 3}


def test_the_text_says_what_where_why_and_what_next() -> None:
    error = BackPressured(
        "message not sent within 1s", where="stream bars", why="2 subscribers are slow", hint="raise the timeout"
    )
    assert str(error) == "message not sent within 1s, stream bars: 2 subscribers are slow; raise the timeout"
    assert error.format_text() == f"error[AB2101]: {error}"


def test_parts_that_are_not_known_leave_no_punctuation_behind() -> None:
    assert str(BackPressured("full")) == "full"
    assert str(BackPressured("full", hint="wait")) == "full; wait"


def test_a_native_error_keeps_aerons_code() -> None:
    error = NativeError("add publication failed", errcode=-12)
    assert error.errcode == -12
    assert str(error).endswith("[errcode -12]")
    assert "errcode" not in str(NativeError("x"))


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls is not ConfigError], ids=lambda cls: cls.__name__)
def test_errors_cross_process_borders(cls: type[ActorBusError]) -> None:
    error = cls("what", where="where", why="why", hint="hint")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_a_config_error_crosses_process_borders_with_its_problems() -> None:
    error = ConfigError([Problem(code="AB1203", message="no", line=3)])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.problems == error.problems
    assert str(copy) == str(error)


def test_a_problem_is_written_as_compilers_do() -> None:
    problem = Problem(
        code="AB1203",
        message="port 70000 is out of range",
        file="bars.yaml",
        line=12,
        column=5,
        path="streams.bars.channel",
        value="70000",
        hint="use 0 to 65535",
    )
    text = "bars.yaml:12:5: error[AB1203]: streams.bars.channel: port 70000 is out of range; use 0 to 65535"
    assert problem.format_text() == text
    assert re.fullmatch(r"[^:]+:\d+:\d+: error\[AB\d{4}\]: .*", text)


def test_a_problem_without_a_place_has_no_colons_for_it() -> None:
    assert Problem(code="AB1101", message="unknown key", severity="warning").format_text() == (
        "warning[AB1101]: unknown key"
    )


def test_a_problem_shows_a_value_that_its_message_does_not() -> None:
    assert Problem(code="AB1104", message="not allowed", value="x").format_text().endswith("not allowed (value: x)")


def test_a_problem_becomes_a_mapping_of_all_its_fields() -> None:
    problem = Problem(code="AB1101", message="m", file="f", line=1, column=2, path="p", value="v", hint="h")
    assert set(problem.to_dict()) == set(Problem.__struct_fields__)
    assert problem.to_dict()["severity"] == "error"


def test_only_errors_stop_a_start() -> None:
    assert Problem(code="AB1101", message="m").is_error
    assert not Problem(code="AB1901", message="m", severity="warning").is_error


def test_a_config_error_lists_every_problem_on_its_own_line() -> None:
    error = ConfigError([Problem(code="AB1101", message="one"), Problem(code="AB1102", message="two")])
    assert str(error) == "error[AB1101]: one\nerror[AB1102]: two"
    assert error.format_text() == str(error)


def test_a_config_error_takes_one_problem_or_a_text() -> None:
    assert ConfigError(Problem(code="AB1101", message="one")).problems[0].message == "one"
    assert ConfigError("only a text").problems[0].code == "AB1000"


def test_a_config_error_without_problems_is_a_mistake_of_ours() -> None:
    with pytest.raises(errors.InternalError):
        _ = ConfigError([])


def test_an_invalid_value_is_a_value_error_for_those_who_know_no_other() -> None:
    with pytest.raises(ValueError, match="x is wrong"):
        raise InvalidValue("x is wrong")
