"""Profiles: the shipped ones are right, others are read like a topology."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorbus.topology.plan import driver_settings, load_mapping
from actorbus.topology.profiles import Profile, config_directory, load_profile, profile_names
from actorbus.topology.report import Report
from actorbus.units import duration_ns, size_bytes
from tests.support.topologies import minimal

MIB = 1 << 20


def shipped(name: str) -> Profile:
    profile = load_profile(name, Path(), Report(), {})
    assert profile is not None
    return profile


def test_the_profiles_are_those_of_the_interface() -> None:
    assert profile_names() == ["ci", "laptop", "low-latency"]


@pytest.mark.parametrize(("name", "mebibytes"), [("laptop", 1), ("ci", 1), ("low-latency", 16)])
def test_ipc_terms_are_those_of_the_interface(name: str, mebibytes: int) -> None:
    assert size_bytes(shipped(name).ipc_term_length) == mebibytes * MIB


def test_the_default_profile_does_not_spin_and_parks_the_driver_for_ten_milliseconds() -> None:
    profile = shipped("laptop")

    assert (profile.poller.idle, profile.driver.idle, profile.driver.threading) == ("backoff", "backoff", "shared")
    assert duration_ns(profile.driver.max_park) == 10_000_000
    assert (profile.poller.max_park, profile.poller.rest_park) == ("4ms", "10ms")
    assert size_bytes(profile.driver.counters_length) == MIB


def test_low_latency_spins() -> None:
    profile = shipped("low-latency")

    assert (profile.poller.idle, profile.driver.idle, profile.driver.threading) == (
        "busy_spin",
        "busy_spin",
        "dedicated",
    )


def test_a_profile_file_beside_the_topology_is_read(tmp_path: Path) -> None:
    text = (config_directory() / "profiles" / "laptop.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace("ipc_term_length: 1m", "ipc_term_length: 4m"), encoding="utf-8")

    profile = load_profile("mine.yaml", tmp_path, Report(), {})

    assert profile is not None
    assert profile.ipc_term_length == "4m"


@pytest.mark.parametrize("name", ["nothing", "./nothing.yaml", "../x/y.yaml"])
def test_an_unknown_profile_is_a_problem_at_its_key(name: str, tmp_path: Path) -> None:
    report = Report()

    assert load_profile(name, tmp_path, report, {}) is None
    assert [(problem.code, problem.path) for problem in report.problems()] == [("AB1110", "profile")]


def test_every_problem_of_a_profile_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("ipc_term_length: x\npoller: {idle: lazy}\n", encoding="utf-8")
    report = Report()

    load_profile("./bad.yaml", tmp_path, report, {})

    told = "\n".join(problem.message for problem in report.problems())
    assert all(code in told for code in ("AB1107", "AB1104", "AB1102"))


def test_a_topologys_own_keys_win() -> None:
    values = minimal(
        profile="low-latency",
        driver={"threading": "shared"},
        pollers={"main": {"streams": ["s"], "idle": "backoff"}},
        streams={"s": {"stream_id": 1, "messages": ["Bar"], "channel": "aeron:ipc?term-length=64k"}},
    )

    plan = load_mapping(values, env={})

    assert plan.driver.threading == "shared"
    assert plan.driver.settings.threading == "shared"
    assert plan.pollers[0].idle.kind == "backoff"
    assert plan.streams["s"].term_length == 65_536


LIVENESS = """
ipc_term_length: 1m
udp_term_length: 1m
poller: {{idle: backoff}}
driver: {{threading: shared, idle: backoff, {driver}}}
"""


def with_driver(folder: Path, driver: str) -> tuple[Profile | None, Report]:
    (folder / "mine.yaml").write_text(LIVENESS.format(driver=driver))
    report = Report()
    return load_profile("./mine.yaml", folder, report, {}), report


def test_the_drivers_client_liveness_is_set_by_a_profile_and_the_rest_follows(tmp_path: Path) -> None:
    profile, _ = with_driver(tmp_path, "client_liveness: 2s")

    assert profile is not None
    settings = driver_settings(profile, "shared")
    assert (settings.client_liveness_ns, settings.timer_interval_ns, settings.unblock_ns) == (
        2_000_000_000,
        200_000_000,
        3_000_000_000,
    )


def test_without_it_liveness_is_as_aeron_ships_it() -> None:
    settings = driver_settings(shipped("laptop"), "shared")

    assert (settings.client_liveness_ns, settings.timer_interval_ns, settings.unblock_ns) == (
        10_000_000_000,
        1_000_000_000,
        15_000_000_000,
    )


@pytest.mark.parametrize(
    ("driver", "says"),
    [
        ("client_liveness: 1s", "client_liveness 1s is less than 1.5s"),
        ("client_liveness: 2s, timer_interval: 1500ms", "timer_interval 1500ms is more than half"),
        ("client_liveness: 20s, unblock: 15s", "unblock 15s is not more than client_liveness 20s"),
    ],
)
def test_a_liveness_that_cannot_hold_is_a_problem_at_its_place(tmp_path: Path, driver: str, says: str) -> None:
    profile, report = with_driver(tmp_path, driver)

    assert profile is None
    assert [text for text in (problem.format_text() for problem in report.problems()) if says in text and ":5:" in text]


def test_a_rest_shorter_than_the_parks_before_it_is_a_problem_at_its_place(tmp_path: Path) -> None:
    report = Report()
    text = LIVENESS.format(driver="max_park: 10ms").replace("{idle: backoff}", "{idle: backoff, max_park: 4ms, REST}")
    for rest, holds in (("rest_park: 3ms", False), ("rest_park: 4ms", True), ("rest_park: null", True)):
        (tmp_path / "mine.yaml").write_text(text.replace("REST", rest))
        assert (load_profile("./mine.yaml", tmp_path, report, {}) is not None) is holds
    [problem] = report.problems()
    assert "rest_park 3ms is less than max_park 4ms" in problem.format_text()
