"""A child that behaves as a test wants: what it is told lies in a folder.

Run in place of `python -m core`. The folder is named by HILUM_STAND_IN; there,
`audit.json`, `split.csv` and `preflight.json` are copied to where the command asks for
them, `says` holds lines for stdout, `fails` a message to fail with, `crashes` ends it,
and while `waits` is there it goes on until it is told to stop.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from pathlib import Path

FOLDER = Path(os.environ["HILUM_STAND_IN"])


def say(event: str, **fields: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def listen(stopped: threading.Event) -> None:
    for line in sys.stdin:
        if line.strip() == "stop":
            stopped.set()


def option(name: str) -> Path | None:
    words = sys.argv[1:]
    return Path(words[words.index(name) + 1]) if name in words else None


def main() -> int:
    with open(FOLDER / "calls", "a", encoding="utf-8") as calls:
        calls.write(json.dumps(sys.argv[1:]) + "\n")
    stopped = threading.Event()
    threading.Thread(target=listen, args=(stopped,), daemon=True).start()
    if (FOLDER / "says").exists():
        sys.stdout.write((FOLDER / "says").read_text(encoding="utf-8") + "\n")
        sys.stdout.flush()
    while (FOLDER / "waits").exists():
        if stopped.wait(0.02):
            say("JobStopped")
            return 3
    if (FOLDER / "crashes").exists():
        sys.stderr.write("out of memory\n")
        return 1
    if (FOLDER / "fails").exists():
        message = (FOLDER / "fails").read_text(encoding="utf-8")
        say("JobFailed", message=message, hint="Do something about it.")
        return 2
    name = "audit.json" if sys.argv[1] == "audit" else "preflight.json"
    target, manifest = option("--json"), option("--manifest")
    if target is not None:
        shutil.copyfile(FOLDER / name, target)
    if manifest is not None and (FOLDER / "split.csv").exists():
        shutil.copyfile(FOLDER / "split.csv", manifest)
    say("JobSucceeded", result=str(target))
    return 0


if __name__ == "__main__":
    sys.exit(main())
