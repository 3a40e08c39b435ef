"""The demo's data: checked before it is used, whole or not at all, and called synthetic where it is."""

from __future__ import annotations

import gzip
import importlib.util
import subprocess
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool(tmp_path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch_demo_data", ROOT / "tools" / "fetch_demo_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__dict__["CACHE"] = tmp_path / "cache"
    return module


def bars(rows: int, symbols: str = "AAPL FB GOOG IBM MSFT") -> bytes:
    names = symbols.split()
    lines = [f"{names[row % len(names)]},2000-03-01,1,2,1,2,100,2" for row in range(rows)]
    return gzip.compress("\n".join(["Ticker,Date,Open,High,Low,Close,Volume,Adj Close", *lines]).encode())


def pretend_pip(monkeypatch: pytest.MonkeyPatch, tool: ModuleType, packed: bytes | None) -> list[int]:
    """Let pip bring a wheel with these bytes, or fail; returns the list of its calls."""
    calls: list[int] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(1)
        if packed is None:
            return subprocess.CompletedProcess(command, 1, "", "ERROR: no network\n")
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "bokeh.whl", "w") as archive:
            archive.writestr(tool.MEMBER, packed)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(tool.subprocess, "run", run)
    return calls


def test_the_real_file_is_fetched_once(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = pretend_pip(monkeypatch, tool, bars(12_154))
    assert tool.main() == 0
    assert tool.main() == 0
    path = Path(capsys.readouterr().out.splitlines()[-1])
    assert path == tool.CACHE / "stocks.csv.gz"
    assert path.read_bytes() == bars(12_154)
    assert len(calls) == 1


def test_a_broken_file_in_the_cache_is_fetched_anew(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = pretend_pip(monkeypatch, tool, bars(12_154))
    tool.CACHE.mkdir()
    (tool.CACHE / "stocks.csv.gz").write_bytes(bars(12_154)[:100])
    assert tool.main() == 0
    assert tool.whole(tool.CACHE / "stocks.csv.gz")
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (None, "pip download bokeh_sampledata==2026.1 ended with 1: ERROR: no network"),
        (bars(12_153), "it holds 12153 rows"),
        (bars(12_154, "AAPL"), "rows of ['AAPL']"),
        (gzip.compress(b"Day,Price\n", mtime=0), "its columns are ['Day', 'Price']"),
        (b"no gzip", "does not hold a readable"),
    ],
)
def test_without_the_real_file_it_says_why_and_that_the_data_is_synthetic(
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    packed: bytes | None,
    why: str,
) -> None:
    pretend_pip(monkeypatch, tool, packed)
    assert tool.main() == 0
    out, err = capsys.readouterr()
    assert out.strip() == str(tool.CACHE / "synthetic_bars.csv")
    assert why in err
    assert "SYNTHETIC DATA" in err
    assert not (tool.CACHE / "stocks.csv.gz").exists()


def test_the_synthetic_bars_are_as_many_are_bars_and_are_the_same_every_time(tool: ModuleType) -> None:
    rows = list(tool.synthetic_rows())
    assert len(rows) == 12_154
    assert {str(row[0]) for row in rows} == {f"SYNTHETIC-{number}" for number in range(1, 6)}
    for _, _, opened, high, low, close, volume, _ in rows:
        assert 0 < float(low) <= min(float(opened), float(close))
        assert float(high) >= max(float(opened), float(close))
        assert volume > 0
    assert rows == list(tool.synthetic_rows())
