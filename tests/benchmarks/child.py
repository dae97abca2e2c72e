"""Child processes of the benchmarks: started, measured, and ended."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.machine import ROOT

#: The alternative at its best: quiet, its fast kernels on, no search for a GPU.
_TENSORFLOW = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
}


class ChildError(Exception):
    """A child process did not do its part; holds the end of what it said."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One fresh process.

    Attributes:
        answer: The JSON object that it printed first.
        wall_s: From before its start until that line was read.
        cpu_s: Processor time of its whole life, all threads.
    """

    answer: dict[str, Any]
    wall_s: float
    cpu_s: float


def python(module: str, *words: str | Path) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *map(str, words)]


def environment(**changes: str) -> dict[str, str]:
    """This process's environment, with TensorFlow at its best."""
    return {**os.environ, **_TENSORFLOW, **changes}


def run_once(command: Sequence[str], **changes: str) -> Run:
    """Start a process, wait for the first line it prints, then for its end.

    Raises:
        ChildError: It failed, or the line is not JSON.
    """
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        # Not `with`: it must be waited for by `wait4`, which alone tells the
        # processor time of this child and no other.
        child = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=said,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            env=environment(**changes),
        )
        assert child.stdout is not None
        line = child.stdout.readline()
        wall = time.perf_counter() - began
        child.stdout.read()
        child.stdout.close()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise ChildError(_last_words(command, said))
    return Run(json.loads(line), wall, used.ru_utime + used.ru_stime)


class Server:
    """A child that answers one line of JSON for each line it is sent.

    Between two requests it waits in a read, so it takes no processor time
    from whoever is measured meanwhile.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._said = tempfile.TemporaryFile()
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            cwd=ROOT,
            env=environment(),
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()  # the end of its input ends it
        try:
            self._child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        assert self._child.stdout is not None
        self._child.stdout.close()
        self._said.close()

    def ask(self, request: str) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises:
            ChildError: The child has ended.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.write(request + "\n")
            self._child.stdin.flush()
        except BrokenPipeError as error:
            raise ChildError(_last_words(self._command, self._said)) from error
        line = self._child.stdout.readline()
        if not line:
            raise ChildError(_last_words(self._command, self._said))
        answer: dict[str, Any] = json.loads(line)
        return answer


def _last_words(command: Sequence[str], said: Any) -> str:
    said.seek(0)
    tail = said.read().decode("utf-8", "replace").strip().splitlines()[-8:]
    return "\n".join([f"{' '.join(command[:4])} ... failed:", *tail])
