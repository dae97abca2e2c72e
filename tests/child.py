"""Stands in for a core command; its first argument picks what it does.

Run as a program by the tests of whatever supervises children. With `--out` it keeps
the files that a training job keeps, and its bundle is a copy of the one that the
variable CHILD_BUNDLE names.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.jobs.channel import JobChannel  # noqa: E402
from core.jobs.events import (  # noqa: E402 - found only now
    FINISH,
    STOP,
    DeviceFound,
    EpochEnded,
    JobFailed,
    JobStopped,
    JobSucceeded,
    Noted,
    Progressed,
    StageStarted,
    TrainingEvent,
    claim_stdout,
    encode_event,
)
from core.runs.config import TrainingConfig  # noqa: E402
from core.runs.job_folder import Job as Begun  # noqa: E402
from core.runs.job_folder import JobFolder

EPOCHS = 3


def main() -> int:
    """Do what the first argument names."""
    behaviour = sys.argv[1]
    if behaviour == "print":  # a command without events
        print("some chatter")  # noqa: T201
        print("/a/file.onnx")  # noqa: T201
        return 0
    if behaviour == "refuse":
        print("A warning first.", file=sys.stderr)  # noqa: T201
        print("There is no such bundle. Choose another.", file=sys.stderr)  # noqa: T201
        return 2
    if behaviour == "report":
        print(json.dumps(_surroundings()))  # noqa: T201
        return 0
    return Job(behaviour).run()


def _surroundings() -> dict[str, object]:
    return {
        "session": os.getsid(0) if hasattr(os, "getsid") else 0,
        "nice": os.nice(0) if hasattr(os, "nice") else 0,
        "extra": os.environ.get("EXTRA", ""),
    }


class Job:
    """A training of a few epochs that takes hundredths of a second each."""

    def __init__(self, behaviour: str) -> None:
        self._behaviour = behaviour
        self._events = claim_stdout()
        self._stop, self._finish = threading.Event(), threading.Event()
        job = _option("--job")
        self._channel = JobChannel(Path(job)) if job else None
        self._file = _option("--events-file")
        self._out = _option("--out")
        self._folder = JobFolder.beside(Path(self._out)) if self._out else None
        threading.Thread(target=self._listen, daemon=True).start()
        if self._channel is not None:
            self._channel.take()
            threading.Thread(target=self._take_requests, daemon=True).start()

    def run(self) -> int:
        """Train, in a job's folder if there is one."""
        if self._folder is None:
            return self._train()
        self._folder.begin(Begun(TrainingConfig(), Path("films"), "command"))
        with self._folder.at_work():
            status = self._train()
        if status == 0:
            shutil.copytree(os.environ["CHILD_BUNDLE"], self._out)
            self._say(JobSucceeded(self._out))
            shutil.rmtree(self._folder.path)
        return status

    def _train(self) -> int:
        """Report epochs until done, told to end, or as the behaviour says."""
        self._chatter()
        self._say(StageStarted("reading", "Reading 20 films."))
        self._say(DeviceFound("Processor, 2 cores", "There is no GPU.", "tensorflow"))
        self._say(Progressed("reading", 10, 20, 55.5))
        self._say(Noted("One film cannot be read."))
        self._say(StageStarted("head", "Training the head."))
        endless = self._behaviour in ("forever", "deaf", "closed")
        for epoch in range(1, 100_000 if endless else EPOCHS + 1):
            if self._stop.wait(0.02):
                self._say(JobStopped())
                return 3
            if self._finish.is_set():
                break
            best = epoch == 1
            self._say(EpochEnded("head", epoch, EPOCHS, 1 / epoch, 0.9, 0.8, 0.7, best))
            if status := self._misbehave():
                return status
        if self._folder is None:
            self._say(JobSucceeded("/models/new"))
        return 0

    def _take_requests(self) -> None:
        assert self._channel is not None
        while not self._stop.wait(0.02) and self._behaviour != "deaf":
            word = self._channel.requested()
            if word == STOP:
                self._stop.set()
            if word == FINISH:
                self._finish.set()

    def _misbehave(self) -> int:
        if self._behaviour == "crash":
            os.abort()
        if self._behaviour == "bug":
            raise ZeroDivisionError("a fault")
        if self._behaviour == "memory":
            raise MemoryError("Unable to allocate 3 GiB")
        if self._behaviour == "fail":
            self._say(JobFailed("The data has one label only.", "Add a second folder."))
            return 2
        if self._behaviour == "torn":  # killed in the middle of a line
            self._tear('{"event": "JobSucc')
            os._exit(9)
        if self._behaviour == "closed":
            self._events.close()
            os.close(1)
            self._stop.wait()
            return 3
        return 0

    def _chatter(self) -> None:
        print("chatter from Python", flush=True)  # noqa: T201
        if sys.platform != "win32":
            libc = ctypes.CDLL(None)
            libc.puts(b"chatter from C")
            libc.fflush(None)
        if self._behaviour == "chatty":
            for _ in range(20_000):  # 4 MB on stderr
                print("x" * 200)  # noqa: T201
            self._tear("x" * 300_000 + "\n")
            self._tear('{"event": "Unknown"}\n[1]\n')

    def _listen(self) -> None:
        for line in sys.stdin:
            word = line.strip()
            if self._behaviour in ("deaf",):
                continue
            if word == STOP:
                self._stop.set()
            if word == FINISH:
                self._finish.set()

    def _tear(self, text: str) -> None:
        """Write what is no event."""
        if self._channel is not None:
            with self._channel.events.open("a", encoding="utf-8") as file:
                file.write(text)
        else:
            self._events.write(text)
            self._events.flush()

    def _say(self, event: TrainingEvent) -> None:
        if self._channel is not None:
            self._channel.tell(event)
            return
        line = encode_event(event) + "\n"
        if self._file:
            with Path(self._file).open("a", encoding="utf-8") as file:
                file.write(line)
        with contextlib.suppress(OSError):  # nobody listens any more
            self._events.write(line)


def _option(name: str) -> str:
    words = sys.argv
    return words[words.index(name) + 1] if name in words else ""


if __name__ == "__main__":
    sys.exit(main())
