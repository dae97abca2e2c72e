"""The window's code reading a film before, during and after a real training job.

`python -m tests.benchmarks.reading_side FILM BUNDLE MANIFEST REPEATS` prints one line
of JSON. The job is started and supervised by the window's own code, which lowers its
priority.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from PyQt5.QtCore import QCoreApplication

from core.jobs.channel import JobChannel
from core.jobs.events import STOP, Progressed, TrainingEvent
from core.model.bundle import read_bundle
from core.model.classifier import Classifier
from desktop.diagnose.reading import diagnose

_WARM_UP = 3
_LOOK_EVERY_S = 0.1
#: Between two readings: nobody opens films without a pause.
_PAUSE_S = 0.3
_LONGEST_START_S = 600.0
_SETTINGS = {"head_epochs": 1, "epochs": 200, "patience": 0}
_REASON = "They are only for measuring time."


class Job:
    """A training job that runs until it is stopped.

    Args:
        manifest: Its films.
        folder: For its files.
    """

    def __init__(self, manifest: Path, folder: Path) -> None:
        out = folder / "bundle"
        job = folder / "job.json"
        job.write_text(json.dumps({**_SETTINGS, "accept_leaks": _REASON}), "utf-8")
        words = ["train", "--data", manifest, "--out", out, "--config", job]
        self._words = [str(word) for word in words]
        self._channel = JobChannel(folder)
        self._is_learning = threading.Event()
        self.films_trained = 0
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._follow)

    def start(self) -> None:
        """Start it and wait until it fine-tunes, its first steps done.

        Raises:
            SystemExit: It has ended instead.
        """
        self._thread.start()
        until = time.monotonic() + _LONGEST_START_S
        while not self._is_learning.wait(0.5):
            if self._has_ended.is_set() or time.monotonic() > until:
                self.stop()
                raise SystemExit(
                    f"The job did not train: {self._channel.log.read_text()}"
                )

    def nice(self) -> int:
        """Its priority; 0 is the usual one."""
        return int(psutil.Process(self._channel.last_start().pid).nice())

    def stop(self) -> None:
        """End it."""
        self._channel.request(STOP)
        self._thread.join()

    def _follow(self) -> None:
        child, place = self._channel.start(self._words), 0
        while child.poll() is None:
            place = self._channel.replay(self._take, place)
            time.sleep(_LOOK_EVERY_S)
        self._has_ended.set()

    def _take(self, event: TrainingEvent) -> None:
        if isinstance(event, Progressed) and event.stage == "fine-tuning":
            self.films_trained = event.done
            self._is_learning.set()


class Reader:
    """What the window's thread does for a film, done in this thread.

    Args:
        film: What it reads.
        bundle: The model that it asks.
    """

    def __init__(self, film: Path, bundle: Path) -> None:
        self._film = film
        self._classifier = Classifier(read_bundle(bundle))
        self.read(_WARM_UP)

    def read(self, times: int) -> list[float]:
        """Seconds of each reading."""
        found = []
        for _ in range(times):
            time.sleep(_PAUSE_S)
            began = time.perf_counter()
            diagnose(self._film, None, (), self._classifier)
            found.append(time.perf_counter() - began)
        return found


def measure(film: Path, bundle: Path, manifest: Path, repeats: int) -> dict[str, Any]:
    """Read before, during and after."""
    reader = Reader(film, bundle)
    before = reader.read(repeats)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(manifest, Path(folder))
        job.start()
        try:
            nice, trained = job.nice(), job.films_trained
            during = reader.read(2 * repeats)
            trained = job.films_trained - trained
        finally:
            job.stop()
    return {
        "before": before,
        "during": during,
        "after": reader.read(repeats),
        "nice": nice,
        "films_trained": trained,
    }


def main() -> None:
    """Measure in a home of its own."""
    film, bundle, manifest = map(Path, sys.argv[1:4])
    application = QCoreApplication([])  # signals need one
    with tempfile.TemporaryDirectory() as home:
        os.environ["HILUM_HOME"] = home
        result = measure(film, bundle, manifest, int(sys.argv[4]))
    application.quit()
    print(json.dumps(result), flush=True)  # noqa: T201 - read by the parent


if __name__ == "__main__":
    main()
