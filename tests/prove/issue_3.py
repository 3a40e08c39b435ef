"""Issue 3: a message crosses. Each line is one function; CI runs the small versions named in tests/system."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.prove import Failed
from tests.system.crossing import cross
from tests.system.foreign import from_pyaeron, to_pyaeron
from tests.system.hostile import mix, rate_ratio
from tests.system.processes import environment

ROOT = Path(__file__).resolve().parent.parent.parent
REAL_ROWS = 12_154


def _run(arguments: list[str], place: Path, env: dict[str, str], timeout_s: float) -> tuple[str, float]:
    began = time.monotonic()
    done = subprocess.run(arguments, cwd=place, env=env, capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(arguments)} ended with {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout + done.stderr, time.monotonic() - began


def _closing(out: str) -> str:
    """Return pytest's closing line."""
    return next(line for line in reversed(out.splitlines()) if " passed" in line).strip("= ")


def line_1() -> str:
    """Fresh clone, empty HOME: `make demo` within 60 s after set-up, every row in order; `make test` within 10 min."""
    with tempfile.TemporaryDirectory() as place:
        clone, home = Path(place) / "actorbus", Path(place) / "home"
        home.mkdir()
        _run(["git", "clone", "-q", str(ROOT), str(clone)], Path(place), dict(os.environ), 120)
        keep = {"PATH", "LANG", "LC_ALL", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "MAKE", "SSL_CERT_FILE", "PIP_CERT"}
        keep |= {name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("PIP_")}
        env = {name: value for name, value in os.environ.items() if name in keep} | {"HOME": str(home)}
        _, set_up = _run(["make", "setup"], clone, env, 600)
        text, demo = _run(["make", "demo"], clone, env, 600)
        if demo > 60:
            raise Failed(f"make demo took {demo:.0f} s after set-up")
        if "SYNTHETIC" in text:
            raise Failed("make demo ran on synthetic data: the real rows could not be had")
        data = next((clone / ".cache").rglob("stocks.csv.gz"))
        out = subprocess.run(
            [
                ".venv/bin/actorbus",
                "run",
                "config/topologies/bars_demo.yaml",
                "--until-idle",
                "1s",
                "--summary",
                "json",
            ],
            cwd=clone,
            env=env | {"BARS_CSV": str(data)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        summary = json.loads(out)
        bars = summary["streams"]["bars"]
        if (bars["published"], bars["received"], bars["gaps"], bars["quarantined"]) != (REAL_ROWS, REAL_ROWS, 0, 0):
            raise Failed(f"stream bars: {bars}")
        for handler in ("alarm", "weekly", "count", "rows"):
            figures = summary["handlers"][handler]
            if (figures["messages"], figures["errors"]) != (REAL_ROWS, 0):
                raise Failed(f"handler {handler}: {figures}")
        sampled = [sample["handlers"] for sample in summary["samples"] if sample["stream"] == "bars"]
        if not sampled or any(order != ["alarm", "weekly", "count", "rows"] for order in sampled):
            raise Failed(f"samples: {sampled}")
        _run(["make", "setup-dev"], clone, env, 600)
        _, tests = _run(["make", "test"], clone, env, 1200)
        if tests > 600:
            raise Failed(f"make test took {tests:.0f} s")
    return (
        f"set-up {set_up:.0f} s, make demo {demo:.1f} s: {REAL_ROWS} real rows to 3 handlers and the checker in order "
        f"of priority, no gap; make test {tests:.0f} s"
    )


def line_2() -> str:
    """Two processes, external driver: 10^6 x 32 B and 10^4 x 100 KB over IPC and UDP."""
    figures = [
        cross(media, count, size, 300.0)
        for media in ("ipc", "udp")
        for count, size in ((1_000_000, 32), (10_000, 100_000))
    ]
    return "; ".join(figures)


def line_3() -> str:
    """A foreign client each way with `frame: none`, 10^6 messages."""
    return "; ".join((from_pyaeron(1_000_000, 32, 300.0), to_pyaeron(1_000_000, 32, 300.0)))


def line_4() -> str:
    """Hostile bodies; 10,000 hypothesis cases of the batch builder; the rate beside 5 % unknown types."""
    figures = [mix(20_000, seed) for seed in (1, 2, 3)]
    out, _ = _run(
        [sys.executable, "-m", "pytest", "-q", "tests/property/test_batch_builder.py"],
        ROOT,
        environment() | {"HYPOTHESIS_PROFILE": "thorough", "ACTORBUS_HYPOTHESIS": "full"},
        1800,
    )
    ratio = rate_ratio(5, 1.0)
    if ratio < 0.7:
        raise Failed(f"the rate with 5 % unknown types is {ratio:.2f} of the rate with none; 0.7 is due")
    return f"{figures[0]}; batch builder, 10,000 cases each: {_closing(out)}; rate ratio {ratio:.2f}"


def line_5() -> str:
    """200 start/stop cycles leave nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.system.cycles", "200"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    if done.returncode:
        raise Failed(done.stderr[-2000:])
    result = json.loads(done.stdout)
    if result["left"] or result["logged"] or result["rss_anon_growth_kib"] > 2048:
        raise Failed(str(result))
    return f"200 cycles: nothing left, nothing logged, RssAnon +{result['rss_anon_growth_kib']} KiB"


def line_6() -> str:
    """Typing file, layers, mirror, exports, schema; C tests under the sanitizers and valgrind."""
    if shutil.which("valgrind") is None:
        raise Failed("valgrind is not installed: `make test-system` brings it")
    out, _ = _run(
        [sys.executable, "-m", "pytest", "-q", "tests/typing", "tests/meta", "tests/unit/topology/test_schema.py"],
        ROOT,
        environment(),
        900,
    )
    native, _ = _run([sys.executable, "tools/native_test.py"], ROOT, environment(), 1800)
    held = re.findall(r"^.*(?:held|passed).*$", native, re.MULTILINE)
    return f"{_closing(out)}; C tests: {held[-1] if held else native.strip().splitlines()[-1]}"


def line_7() -> str:
    """Figures, one run, pinned, clients closed."""
    from tests.prove import figures, trips

    typed = figures.typed_pairs(9)
    rounds = trips.round_trips(3)
    return (
        f"typed handler {statistics.median(typed.ours) / 1e3:,.0f} k msg/s, pyaeron + msgspec "
        f"{statistics.median(typed.peers) / 1e3:,.0f} k, ratio median {statistics.median(typed.ratios):.2f} "
        f"(min {min(typed.ratios):.2f}, max {max(typed.ratios):.2f}) of {len(typed.ratios)} pairs; batch decode "
        f"{typed.decode_ns:.0f} ns a message = {typed.decode_share:.0%}; round trip typed p50/p99 "
        f"{rounds.ours[0]:.1f}/{rounds.ours[1]:.1f} us against pyaeron raw "
        f"{rounds.peers[0]:.1f}/{rounds.peers[1]:.1f} us; "
        f"{trips.memory()}; {trips.idle()}"
    )
