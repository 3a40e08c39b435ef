from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from actorbus.errors import InvalidValue
from actorbus.transport.settings import DriverSettings

ROOT = Path(__file__).resolve().parents[3]


def told(settings: DriverSettings) -> dict[str, int | str | bool]:
    return dict(settings.driver_settings())


def test_the_defaults_are_safe() -> None:
    values = told(DriverSettings())
    assert values["stream_session_limit"] == 64
    assert values["term_buffer_sparse_file"] is False
    assert values["ipc_term_buffer_length"] == 1 << 20
    assert values["print_configuration"] is False
    assert values["dir_warn_if_exists"] is False
    assert "dir_delete_on_start" not in values


def test_every_setting_is_one_that_native_code_knows() -> None:
    source = (ROOT / "native" / "ab_driver.c").read_text(encoding="utf-8")
    known = set(re.findall(r"SETTING\(\w+, (\w+)\)", source))
    everything = DriverSettings(
        threading="dedicated",
        mtu=8192,
        ipc_mtu=8192,
        receive_buffer=1 << 21,
        send_buffer=1 << 21,
        receive_window=1 << 20,
        linger_ns=1,
        image_liveness_ns=1,
        cpus={"conductor": 0, "sender": 1, "receiver": 1},
    )
    for settings in (everything, DriverSettings(), DriverSettings(threading="shared_network")):
        assert set(told(settings)) <= known


@pytest.mark.parametrize("make", [DriverSettings.laptop, DriverSettings.low_latency, DriverSettings.ci])
def test_every_profile_is_valid(make: type[DriverSettings]) -> None:
    assert told(make())["stream_session_limit"] == 64


@pytest.mark.parametrize(
    ("threading", "mode", "agents"),
    [
        ("shared", 2, {"shared"}),
        ("shared_network", 1, {"conductor", "sharednetwork"}),
        ("dedicated", 0, {"conductor", "sender", "receiver"}),
    ],
)
def test_each_thread_gets_the_idle_strategy(threading: str, mode: int, agents: set[str]) -> None:
    settings = DriverSettings(threading=threading)  # pyright: ignore[reportArgumentType] - by table
    values = told(settings)
    assert values["threading_mode"] == mode
    assert {name.removesuffix("_idle_strategy") for name in values if name.endswith("_idle_strategy")} == agents
    names = list(values)
    for agent in agents:
        assert values[f"{agent}_idle_strategy"] == "backoff"
        assert values[f"{agent}_idle_strategy_init_args"] == "10-20-1000-10000000"
        assert names.index(f"{agent}_idle_strategy_init_args") < names.index(f"{agent}_idle_strategy")


def test_a_spinning_driver_has_no_parks() -> None:
    assert not [name for name in told(DriverSettings.low_latency()) if name.endswith("init_args")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threading", "many"),
        ("idle", "never"),
        ("ipc_term_length", 100_000),
        ("term_length", 1 << 15),
        ("term_length", 1 << 31),
        ("mtu", 1400),
        ("ipc_mtu", 65_536),
        ("command_length", 1000),
        ("session_limit", 0),
        ("unblock_ns", 1),
        ("client_liveness_ns", 1),
        ("cpus", {"conducter": 1}),
        ("environment", {"PATH": "x"}),
    ],
)
def test_a_wrong_value_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=field.removesuffix("s")):
        DriverSettings().with_(**{field: value})


def test_settings_cross_to_another_process() -> None:
    settings = DriverSettings.ci().with_(cpus={"conductor": 1}, environment={"AERON_EVENT_LOG": "all"})
    assert msgspec.json.decode(msgspec.json.encode(settings), type=DriverSettings) == settings
