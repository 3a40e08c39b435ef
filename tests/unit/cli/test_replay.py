"""`actorbus replay`: the lines of an export, from where to where and in the pace one asks, and what is refused."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actorbus.cli.main import _main  # pyright: ignore[reportPrivateUsage]
from actorbus.cli.replay import NAP_S, paced
from actorbus.recording import RecordedMessage, RecordedStream
from tests.support.tapes import BEGIN_NS, QUOTES, damage, record_quotes

SECOND = 1_000_000_000


def out_of(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert _main([str(word) for word in words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [(), ("--from", "20"), ("--from", "2026-03-02T09:30:40Z", "--to", "2026-03-02T09:31:00Z"),
     ("--from", "7", "--to", "19", "--stream", "quotes"), ("--stream", "foreign"), ("--generic",)],
    ids=str,
)  # fmt: skip
def test_the_lines_are_those_of_an_export(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_quotes(tmp_path, 100, foreign=3)
    exported = out_of(capsys, "journal", "export", tmp_path, *words)
    assert exported
    assert out_of(capsys, "replay", tmp_path, *words) == exported


def test_places_are_records_and_moments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 100, "journal")
    lines = out_of(capsys, "replay", tmp_path, "--from", "2026-03-02T09:30:40Z", "--to", "45").splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == [40, 41, 42, 43, 44]


def test_standard_output_needs_no_driver_and_loads_no_transport(tmp_path: Path) -> None:
    record_quotes(tmp_path, 3)
    offline = (
        "import sys; from actorbus.cli.main import _main; code = _main(sys.argv[1:]); "
        "sys.exit('loaded' if 'actorbus.transport' in sys.modules else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", offline, "replay", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3


def recorded(*times_s: float) -> Iterator[tuple[RecordedMessage, RecordedStream]]:
    for number, time_s in enumerate(times_s):
        yield RecordedMessage(number, BEGIN_NS + round(time_s * SECOND), 0, 5, 0, number, b""), QUOTES


class Clock:
    """A time that only sleeping moves, by what is slept; and what was slept."""

    def __init__(self) -> None:
        self.now_ns = 77
        self.naps: list[float] = []

    def __call__(self) -> int:
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now_ns += round(seconds * SECOND)


@pytest.mark.parametrize(
    ("speed", "seconds"), [(1.0, [0, 1, 1.5, 10]), (4.0, [0, 0.25, 0.375, 2.5]), (0.5, [0, 2, 3, 20])]
)
def test_records_come_when_they_are_due(speed: float, seconds: list[float]) -> None:
    clock = Clock()
    pauses: list[int] = []
    records = paced(recorded(0, 1, 1.5, 10), speed, lambda: pauses.append(1), clock_ns=clock, sleep=clock.sleep)
    came = [(clock.now_ns - 77) / SECOND for _ in records]
    assert came == pytest.approx(seconds)
    assert len(pauses) == len(clock.naps) > 0
    assert max(clock.naps) <= NAP_S


def test_max_never_sleeps_and_one_that_is_late_does_not_move_the_others() -> None:
    clock = Clock()
    assert len(list(paced(recorded(0, 100), math.inf, lambda: None, clock_ns=clock, sleep=clock.sleep))) == 2
    assert clock.naps == []
    came: list[float] = []
    for record, _ in paced(recorded(0, 1, 2, 6), 1.0, lambda: None, clock_ns=clock, sleep=clock.sleep):
        came.append((clock.now_ns - 77) / SECOND)
        if record.sequence == 1:
            clock.now_ns += 4 * SECOND
    assert came == pytest.approx([0, 1, 5, 6])


def test_damage_ends_it_or_is_stepped_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_quotes(tmp_path, 100)
    damage(tmp_path, 7)
    assert _main(["replay", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 7
    assert "error[AB4001]" in captured.err
    assert _main(["replay", str(tmp_path), "--skip-corrupt"]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 99
    assert captured.err.startswith("skipped: ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--speed", "quick"), "'quick' is not a speed"),
        (("--from", "tomorrow"), "'tomorrow' is not a place"),
        (("--stream", "quoted"), "did you mean 'quotes'"),
        (("--channel", "aeron:ipc"), "--channel and --stream-id go together"),
        (("--stream-id", "1"), "--channel and --stream-id go together"),
        (("--directory", "x"), "standard output needs none"),
        (("--channel", "aeron:ipc", "--stream-id", "1", "--to-topology", "x.yaml"), "two targets"),
    ],
)
def test_what_cannot_be_is_refused(
    words: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_quotes(tmp_path, 3)
    assert _main(["replay", str(tmp_path), *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_between_records_and_says_where_to_go_on(number: int, code: int, tmp_path: Path) -> None:
    record_quotes(tmp_path / "tape", 100)
    process = subprocess.Popen(
        [sys.executable, "-m", "actorbus", "replay", str(tmp_path / "tape"), "--speed", "original"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["sequence"] == 0
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code
    lines = [json.loads(line)["sequence"] for line in out.splitlines()]
    assert f"stopped after {len(lines) + 1} records; --from {len(lines) + 1} goes on" in err
