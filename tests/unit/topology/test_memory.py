"""The shared-memory budget."""

from __future__ import annotations

from pathlib import Path

from actorbus.topology.memory import Budget, BudgetLine, driver_bytes, free_bytes, log_bytes

MIB = 1 << 20


def test_a_log_is_three_terms_and_a_page() -> None:
    assert log_bytes(MIB) == 3 * MIB + 4096
    assert log_bytes(65_536) % 4096 == 0


def test_a_drivers_own_files_grow_with_its_counters() -> None:
    assert driver_bytes(MIB) == 9 * MIB


def test_free_memory_is_that_of_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") == free_bytes(tmp_path)


def test_a_budget_is_the_sum_of_its_lines_in_text_and_json() -> None:
    budget = Budget((BudgetLine("stream a: publication", 3 * MIB), BudgetLine("driver", 500)), "/dev/shm", 64 * MIB)

    assert budget.total == 3 * MIB + 500
    assert budget.to_dict()["bytes"] == budget.total
    lines = budget.format_text().splitlines()
    assert lines[0].split() == ["stream", "a:", "publication", "3.0", "MiB"]
    assert "64.0 MiB free" in lines[-1]
    assert len({len(line) for line in lines}) == 1


def test_what_is_free_may_be_unknown() -> None:
    assert "free" not in Budget((), "/dev/shm", None).format_text()
