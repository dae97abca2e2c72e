"""Real commands as children, and what they tell, for the tests that start them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.jobs.events import TrainingEvent, parse_event
from core.runs.job_folder import JobFolder
from tests.keras_server import ROOT, ForkedCommand

PROGRAM = (sys.executable, "-m", "core")
LABELS = ["covid", "normal", "pneumonia"]
#: On films of 32 pixels: seconds, once Keras is loaded.
SMALL = {
    "backbone": "vgg16",
    "unfreeze_from": 5,
    "weights": "none",
    "size": 32,
    "batch": 8,
    "head_epochs": 2,
    "epochs": 2,
    "labels": LABELS,
}


class Child:
    """A command and the events it has told so far.

    Args:
        arguments: Of `python -m core COMMAND`.
        command: Its name.
        program: What takes commands; None for `python -m core`, where a training
            is a fork of a process that has loaded Keras.
        environment: For the child; None for that of the tests.
        limits: Limit of `resource` -> its value, for such a fork.
    """

    def __init__(
        self,
        *arguments: str | Path,
        command: str = "train",
        program: Sequence[str | Path] | None = None,
        environment: dict[str, str] | None = None,
        limits: Mapping[int, int] | None = None,
    ) -> None:
        self.events: list[TrainingEvent] = []
        # A file: a pipe that nobody reads would fill up and block the child.
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        words = [command, *map(str, arguments)]
        self.process: subprocess.Popen[str] | ForkedCommand
        is_training = command in ("train", "experiment", "search")
        if program is None and is_training and hasattr(os, "fork"):
            self.process = ForkedCommand(
                words,
                backend="jax" if "jax" in words else "tensorflow",
                environment=os.environ if environment is None else environment,
                limits=limits or {},
                errors=self._errors.fileno(),
            )
            return
        self.process = subprocess.Popen(
            [*map(str, program or PROGRAM), *words],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
        )

    def until(self, kind: type, **fields: object) -> TrainingEvent:
        """Read events until one of a kind, and with these fields, comes."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event = parse_event(line)
            assert event is not None, f"not an event: {line}"
            self.events.append(event)
            wanted = all(getattr(event, k, None) == v for k, v in fields.items())
            if isinstance(event, kind) and wanted:
                return event
        raise AssertionError(f"ended without {kind}: {self.finish()}")

    def say(self, word: str) -> None:
        """Tell it something on its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def leave(self) -> None:
        """Close its stdin and stdout, as a program that ends does."""
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def finish(self) -> tuple[int, str]:
        """Wait for the end; exit status and what went to stderr."""
        assert self.process.stdout is not None
        if not self.process.stdout.closed:
            self.events += [e for e in map(parse_event, self.process.stdout) if e]
        status = self.process.wait(timeout=300)
        self._errors.seek(0)
        return status, self._errors.read()

    def close(self) -> None:
        """Make sure that it is gone."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            if stream is not None:
                stream.close()


def write_job(path: Path, **settings: object) -> Path:
    """Write the settings of a small job."""
    path.write_text(json.dumps({**SMALL, **settings}), encoding="utf-8")
    return path


def work_of(out: Path) -> JobFolder:
    """Where the job of a bundle keeps its files."""
    return JobFolder.beside(out)


def first_film(manifest: Path) -> Path:
    """The first film of a manifest."""
    with open(manifest, encoding="utf-8") as file:
        return manifest.parent / next(csv.DictReader(file))["file"]
