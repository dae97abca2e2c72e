"""A folder of tiny films, and scans of it in children that can be killed."""

from __future__ import annotations

import csv
import functools
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent


@functools.cache
def png(level: int, size: int = 96) -> bytes:
    """A film of even brightness, but for one edge: an even one is warned about."""
    shade = np.full((size, size), level, np.uint8)
    shade[:4] = np.linspace(0, 255, size).astype(np.uint8)
    return cv2.imencode(".png", shade)[1].tobytes()


def write_films(folder: Path, *names: str, level: int = 200) -> Path:
    """Write the same film under several names, folders included."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(level))
    return folder


def start_scan(*words: str | Path) -> subprocess.Popen[str]:
    """A real `core scan`, with pipes to all its streams."""
    return subprocess.Popen(
        [sys.executable, "-m", "core", "scan", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def fork_server() -> Any:
    """What starts processes that have loaded the core already."""
    context = multiprocessing.get_context("forkserver")
    preload = ["tests.scan_folder", "tests.deadly_core", "core.commands.scan"]
    context.set_forkserver_preload([*preload, "openvino"])
    return context


def scan_in_fork(words: list[str]) -> None:
    """Scan in a process that has loaded the core already; its exit tells how."""
    from core.__main__ import main

    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    sys.exit(main(["scan", *words]))


def files_of(path: Path) -> list[str]:
    """The first column of a CSV file, without its head."""
    with open(path, encoding="utf-8", newline="") as file:
        return [row["file"] for row in csv.DictReader(file)]
