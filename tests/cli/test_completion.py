"""`crnn completion`: what a shell is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli.processes import environment


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is none, or an old bash")
def test_bash_completes_commands_options_and_files(crnn: Any, folder: Path) -> None:
    """In a real bash, where crnn is this program."""
    bash = shutil.which("bash")
    assert bash, "bash is missing"
    program = folder / "crnn"
    program.write_text(f"#!{sys.executable}\nfrom crnn.cli import main\nmain()\n")
    program.chmod(0o755)
    script = (
        'source /dev/stdin <<< "$(crnn completion bash)"\n'
        "for words in 'crnn sel' 'crnn sample --tem' 'crnn train --optimizer ada'; do\n"
        "  COMP_WORDS=($words); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); COMPREPLY=()\n"
        '  _crnn_completion crnn; echo "${COMPREPLY[@]}"\n'
        "done\n"
    )
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "--norc", "-c", script], env=environment(PATH=path), capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["selfcheck", "--temperature", "adagrad adam adamw"]


@pytest.mark.parametrize(("shell", "word"), [("zsh", "#compdef crnn"), ("fish", "complete")])
def test_other_shells_have_scripts_of_their_own(crnn: Any, shell: str, word: str) -> None:
    result = crnn("completion", shell)
    assert result.exit_code == 0
    assert word in result.stdout


def test_the_login_shell_is_the_default(crnn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert crnn("completion").stdout == crnn("completion", "fish").stdout
    for unknown, said in (("/bin/tcsh", "the login shell is 'tcsh'"), ("", "no login shell")):
        monkeypatch.setenv("SHELL", unknown)
        result = crnn("completion")
        assert result.exit_code == 2
        assert said in result.stderr
