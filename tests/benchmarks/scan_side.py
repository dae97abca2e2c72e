"""What is timed of scans, each in a process of its own.

`python -m tests.benchmarks.scan_side loop MODEL.keras FOLDER` reads film after film
as published projects do; `parts BUNDLE FOLDER PRECISION` reads them as a scan does,
and times decoding alone, inference alone and both at a time. Each answers a line of
JSON for every line it is sent. `check BUNDLE FOLDER PRECISION` does it once, with the
comparison that a scan makes; `command WORD ...` is a scan as the command does it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def loop(model: Path, folder: Path) -> None:
    """`load_img` and `model.predict`, one film after the other."""
    import keras

    network = keras.models.load_model(model, compile=False)
    size = network.input_shape[1:3]
    films = sorted(folder.iterdir())

    def read(path: Path) -> None:
        picture = keras.utils.load_img(path, color_mode="grayscale", target_size=size)
        network.predict(keras.utils.img_to_array(picture)[np.newaxis], verbose=0)

    read(films[0])
    for line in sys.stdin:
        chosen = films[: int(line)]
        began = time.perf_counter()
        for path in chosen:
            read(path)
        _answer({"film_s": (time.perf_counter() - began) / len(chosen)})


def parts(bundle_dir: Path, folder: Path, precision: str) -> None:
    """The two halves of a scan by themselves, and the scan."""
    from core.films.finder import find_films
    from core.films.read_ahead import FilmReader
    from core.model.bundle import read_bundle
    from core.scan.scanner import _WAITING, Scanner, _Loaded

    films = find_films(folder).films
    bundle = read_bundle(bundle_dir)
    scanner = Scanner(bundle, folder, precision=precision, lungs=False)
    squares = [scanner._load(film).square for film in films[:50]]

    def decode() -> None:
        threads = scanner._threads
        reader = FilmReader(scanner._load, threads=threads, ahead=threads + _WAITING)
        with contextlib.closing(reader.read(films)) as read:
            for _, loaded in read:
                assert isinstance(loaded, _Loaded)

    def infer() -> None:
        given = ((i, squares[i % len(squares)]) for i in range(len(films)))
        for _ in scanner._graph.run_each(given):
            pass

    def both() -> None:
        with contextlib.closing(scanner.scan(films)) as rows:
            assert not any(row.error for row in rows)

    infer()
    for _ in sys.stdin:
        timed = {"decode": _timed(decode), "infer": _timed(infer), "both": _timed(both)}
        _answer(
            {
                f"{name}_{what}": seconds / len(films)
                for name, pair in timed.items()
                for what, seconds in zip(("film_s", "film_cpu_s"), pair, strict=True)
            }
        )


def check(bundle_dir: Path, folder: Path, precision: str) -> None:
    """A scan in a fast precision, and the comparison with float32: processor time."""
    from core.films.finder import find_films
    from core.model.bundle import read_bundle
    from core.scan.parity import ParityCheck
    from core.scan.scanner import Scanner

    began = time.process_time()
    bundle = read_bundle(bundle_dir)
    parity = ParityCheck(bundle, precision)
    scanner = Scanner(bundle, folder, precision=precision, parity=parity)
    films = find_films(folder).films
    parity.expect(len(films), 0)
    with contextlib.closing(scanner.scan(films)) as rows:
        assert not any(row.error for row in rows)
    assert parity.result is not None
    took = time.process_time() - began
    _answer({"s": took, "check_s": parity.spent_s, "films": parity.result.films})


def command(words: list[str]) -> None:
    """A scan as the command does it; its time and its memory."""
    from core.__main__ import main

    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        statuses: list[int] = []
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            wall, cpu = _timed(lambda: statuses.append(main(["scan", *words])))
    (status,) = statuses
    peak = _peak_mb()
    _answer({"status": status, "wall_s": wall, "cpu_s": cpu, "peak_mb": peak})


def _peak_mb() -> float:
    """Most memory that this process has had."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1e6 if sys.platform == "darwin" else 1e3)
    # `getrusage` there counts what the parent had when it started this one.
    (line,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1e3


def _timed(action: Callable[[], None]) -> tuple[float, float]:
    began, began_cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - began, time.process_time() - began_cpu


def _answer(fields: dict[str, Any]) -> None:
    print(json.dumps(fields), flush=True)  # noqa: T201 - read by the parent


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    if what == "loop":
        loop(Path(words[0]), Path(words[1]))
    elif what == "parts":
        parts(Path(words[0]), Path(words[1]), words[2])
    elif what == "check":
        check(Path(words[0]), Path(words[1]), words[2])
    else:
        command(words)
