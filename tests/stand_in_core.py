"""A child that behaves as a test wants: what it is told lies in a folder.

Run in place of `python -m core`. The folder is named by HILUM_STAND_IN; there,
`audit.json`, `split.csv`, `preflight.json` and `rate.json` are copied to where the
command asks for them, `says` holds an event, `fails` a message to fail with, `crashes`
ends it, and while `waits` is there it goes on until it is told to stop.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ["HILUM_STAND_IN"])


def say(event: str, **fields: object) -> None:
    tell(json.dumps({"event": event, **fields}))


def tell(line: str) -> None:
    job = option("--job")
    assert job is not None
    with open(job / "events.jsonl", "a", encoding="utf-8") as events:
        events.write(line + "\n")


def is_stopped() -> bool:
    job = option("--job")
    return job is not None and (job / "wish").exists()


def option(name: str) -> Path | None:
    words = sys.argv[1:]
    return Path(words[words.index(name) + 1]) if name in words else None


def main() -> int:
    with open(FOLDER / "calls", "a", encoding="utf-8") as calls:
        calls.write(json.dumps(sys.argv[1:]) + "\n")
    if (FOLDER / "says").exists():
        tell((FOLDER / "says").read_text(encoding="utf-8"))
    while (FOLDER / "waits").exists():
        time.sleep(0.02)
        if is_stopped():
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
    if "--find-rate" in sys.argv:
        name = "rate.json"
    target, manifest = option("--json"), option("--manifest")
    if target is not None:
        shutil.copyfile(FOLDER / name, target)
    if manifest is not None and (FOLDER / "split.csv").exists():
        shutil.copyfile(FOLDER / "split.csv", manifest)
    say("JobSucceeded", result=str(target))
    return 0


if __name__ == "__main__":
    sys.exit(main())
