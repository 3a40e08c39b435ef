"""The group: help, version, misspelt verbs, and errors that become exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from actorbus.cli.main import SUMMARIES, VERBS, _main, main  # pyright: ignore[reportPrivateUsage]


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {verb} " in out for verb in VERBS)
    assert "..." not in out.partition("Commands:")[2], "a summary that is cut says nothing"


def test_every_verb_has_a_summary() -> None:
    assert sorted(SUMMARIES) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _main([verb, "--help"]) == 0
    assert f"Usage: actorbus {verb}" in capsys.readouterr().out


def test_the_version_names_us_python_and_aeron(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["--version"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("actorbus ")
    assert "Python" in out
    assert "aeron" in out.lower()


@pytest.mark.parametrize(
    "arguments", [["chek", "x.yaml"], ["check"], ["check", "--no-such", "x"], ["run", "x", "--for", "5"]]
)
def test_wrong_usage_exits_with_2_and_tells_on_stderr(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Error:" in captured.err


def test_a_misspelt_verb_is_told_with_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    _main(["chek"])

    assert "did you mean 'check'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("actorbus ex", "explain"),
        ("actorbus explain AB122", "AB1221"),
        ("actorbus init note", "notebook"),
        ("actorbus plan --for", "--format"),
    ],
)
def test_a_shell_completes_verbs_options_codes_and_templates(words: str, found: str) -> None:
    environment = {
        **os.environ, "_ACTORBUS_COMPLETE": "bash_complete", "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }  # fmt: skip
    script = "import sys; sys.argv = ['actorbus']; from actorbus.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False, env=environment
    )

    assert f"plain,{found}" in done.stdout.split()


def test_completion_works_in_a_real_bash(tmp_path: Path) -> None:
    program = tmp_path / "actorbus"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from actorbus.cli import main; main()" "$@"\n')
    program.chmod(0o755)
    script = """
        eval "$(_ACTORBUS_COMPLETE=bash_source actorbus)"
        COMP_WORDS=(actorbus expl) COMP_CWORD=1
        _actorbus_completion actorbus expl actorbus
        echo "${COMPREPLY[@]}"
    """
    environment = {
        **os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False, env=environment
    )

    assert done.stdout.split() == ["explain"], done.stderr


def test_main_exits_with_the_code() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "no-such-file.yaml"])

    assert ended.value.code == 2


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "actorbus", "schema"], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0
    assert '"actorbus topology"' in done.stdout


def test_output_into_a_closed_pipe_is_no_error() -> None:
    script = f"{sys.executable} -m actorbus schema | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0
    assert done.stderr == ""
