"""A folder's films: how many a second, what limits it, and what speed costs."""

from __future__ import annotations

import csv
import dataclasses
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from core.errors import ImageReadError
from core.films.finder import find_films
from core.films.radiograph import read_radiograph
from core.model.bundle import INT8_GRAPH, ModelBundle
from core.scan.parity import Parity, ParityCheck
from core.scan.scanner import Scanner
from tests.benchmarks import machine
from tests.benchmarks.child import ChildError, Server, python, run_once
from tests.benchmarks.figures import Row, Target, plain_row, ratio_row, spread
from tests.phantoms import draw_phantom
from tests.tiny_bundle import write_tiny_bundle

SIDE = 1024
#: Different films, where they are drawn.
DRAWN = 4
_SIDE_OF = "tests.benchmarks.scan_side"
_FASTER = {
    "float32": Target("at least 4 times", 4.0, at_least=True),
    "bfloat16": Target("at least 6 times", 6.0, at_least=True),
}
_NEAR = Target("at most 1.3 times the slower", 1.3)
_LINEAR = Target("at most 1.1 times", 1.1)
_FLAT = Target("under 50 MB", 50.0)
#: Sources of the many links: a file may have 65,000 names at most.
_SMALL_FILMS = 10


@dataclasses.dataclass(frozen=True)
class Turn:
    """Seconds a film of neighbouring measurements.

    Attributes:
        loop: Of the published loop.
        parts: Precision -> what `scan_side parts` answers.
    """

    loop: float
    parts: dict[str, dict[str, float]]


@dataclasses.dataclass(frozen=True)
class Growth:
    """Scans of more and more films: films -> the command's seconds and memory."""

    wall_s: dict[int, float]
    cpu_s: dict[int, float]
    peak_mb: dict[int, float]


def precisions(bundle: ModelBundle) -> list[str]:
    """Those that the bundle can be read with."""
    fast = ["int8"] if INT8_GRAPH in bundle.card.files else []
    return ["float32", "bfloat16", *fast]


def write_films(folder: Path, count: int) -> str:
    """Fill a folder with grey PNGs of 1,024 pixels; few different ones, linked.

    Returns:
        What they are: "real" or "drawn".
    """
    folder.mkdir()
    films = _real_films() or [
        np.asarray(draw_phantom("normal", seed, SIDE), np.uint8)
        for seed in range(DRAWN)
    ]
    for number in range(count):
        path = folder / f"{number:05}.png"
        if number < len(films):
            Image.fromarray(films[number]).save(path)
        else:
            os.link(folder / f"{number % len(films):05}.png", path)
    return "real" if len(films) > DRAWN else "drawn"


def _real_films() -> list[np.ndarray]:
    """Those of the untouched originals that need no great enlargement."""
    films = []
    for path in sorted((machine.real_films_dir() / "originals").glob("*")):
        try:
            grey = read_radiograph(path).to_uint8()
        except ImageReadError:
            continue
        if min(grey.shape) >= 0.6 * SIDE:
            way = cv2.INTER_AREA if min(grey.shape) > SIDE else cv2.INTER_CUBIC
            square = cv2.resize(grey, (SIDE, SIDE), interpolation=way)
            films.append(np.asarray(square, np.uint8))
    return films


def measure_speed(
    bundle: ModelBundle, keras_file: Path, folder: Path, turns: int
) -> list[Turn]:
    """Time the published loop and a scan in each precision in turns."""
    # A loop of all films would take minutes, and no more be learned.
    looped = max(4, len(list(folder.iterdir())) // 10)
    loop = Server(python(_SIDE_OF, "loop", keras_file, folder))
    sides = {
        name: Server(python(_SIDE_OF, "parts", bundle.path, folder, name))
        for name in precisions(bundle)
    }
    found = []
    try:
        for _ in range(turns):
            once = loop.ask(str(looped))["film_s"]
            parts = {name: side.ask("go") for name, side in sides.items()}
            found.append(Turn(once, parts))
    finally:
        for server in (loop, *sides.values()):
            server.__exit__()
    return found


def speed_rows(turns: list[Turn]) -> list[Row]:
    """What is said of speed."""
    rows = []
    loop = [1000 * turn.loop for turn in turns]
    for name in turns[0].parts:

        def of(key: str, name: str = name) -> list[float]:
            return [1000 * turn.parts[name][key] for turn in turns]

        both, decode, infer = of("both_film_s"), of("decode_film_s"), of("infer_film_s")
        rate = 1000 / spread(both).median
        what = f"scan in {name}, {SIDE}-pixel PNG, a film"
        against = ratio_row(what, both, loop, "ms", _FASTER.get(name))
        ours = f"{against.ours}, {rate:.1f} films a second"
        rows.append(dataclasses.replace(against, ours=ours))
        slower = [max(pair) for pair in zip(decode, infer, strict=True)]
        said = (
            "inference" if spread(infer).median > spread(decode).median else "decoding"
        )
        what = f"scan in {name}, against {said} alone on the same cores"
        rows.append(ratio_row(what, both, slower, "ms", _NEAR))
        rows.append(plain_row(f"decoding alone, beside {name}, a film", decode, "ms"))
        cores = [
            (d, i)
            for d, i in zip(
                of("decode_film_cpu_s"), of("infer_film_cpu_s"), strict=True
            )
        ]
        least = [(d + i) / max(d, i) for d, i in cores]
        what = f"least ratio that cores allow which never wait, {name}"
        row = plain_row(what, least, "×")
        times = " + ".join(
            f"{spread(side).median:.1f}" for side in zip(*cores, strict=True)
        )
        rows.append(dataclasses.replace(row, other=f"{times} ms of one core a film"))
    return rows


def measure_growth(folder: Path, counts: list[int]) -> Growth:
    """Scan more and more links to a few small films with a tiny model."""
    model = write_tiny_bundle(folder / "tiny").path
    source = folder / "small"
    source.mkdir()
    for number in range(_SMALL_FILMS):
        small = np.asarray(draw_phantom("covid", number, 128), np.uint8)
        Image.fromarray(small).save(source / f"{number}.png")
    wall, cpu, peak = {}, {}, {}
    for count in counts:
        many = folder / f"many-{count}"
        for number in range(count):
            inside = many / f"{number // 1000:03}"
            inside.mkdir(parents=True, exist_ok=True)
            os.link(source / f"{number % _SMALL_FILMS}.png", inside / f"{number}.png")
        out = folder / f"{count}.csv"
        words = [many, "--out", out, "--model", model]
        answer = run_once(python(_SIDE_OF, "command", *words)).answer
        lines = out.read_bytes().count(b"\n")
        if answer["status"] != 0 or lines != count + 1:
            raise ChildError(f"A scan of {count} films gave {lines - 1} rows.")
        wall[count], cpu[count] = answer["wall_s"], answer["cpu_s"]
        peak[count] = answer["peak_mb"]
    return Growth(wall, cpu, peak)


def growth_rows(growth: Growth) -> list[Row]:
    """What is said of many films; the least number only sets the start off."""
    least, middle, most = sorted(growth.wall_s)

    def each(seconds: dict[int, float], few: int, many: int) -> list[float]:
        return [1000 * (seconds[many] - seconds[few]) / (many - few)]

    rows = []
    for what, seconds in (
        ("time", growth.wall_s),
        ("processor time", growth.cpu_s),
    ):
        text = f"{what} of each film up to {most:,} small ones, tiny model, "
        late, early = each(seconds, middle, most), each(seconds, least, middle)
        row = ratio_row(f"{text}against up to {middle:,}", late, early, "ms", _LINEAR)
        rows.append(row)
    # The two are taken minutes apart: other programs leave the second alone only.
    rows[0] = dataclasses.replace(rows[0], target="", reached=None)
    grown = growth.peak_mb[most] - growth.peak_mb[least]
    what = f"memory of a scan of {most:,} films over one of {least:,}"
    memory = plain_row(what, [grown], "MB", _FLAT)
    memory = dataclasses.replace(memory, other=f"{growth.peak_mb[least]:.0f} MB")
    return [*rows, memory]


def measure_parity(bundle: ModelBundle, folder: Path, count: int) -> list[Parity]:
    """Read different films in each precision and in float32."""
    folder.mkdir()
    manifest = machine.real_films_dir() / "manifest.csv"
    if manifest.exists():
        with open(manifest, encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
        chosen = np.random.default_rng(0).permutation(len(rows))[:count]
        for number, row in enumerate(chosen.tolist()):
            source = (manifest.parent / rows[row]["file"]).resolve()
            (folder / f"{number:03}{source.suffix}").symlink_to(source)
    else:
        for number in range(count):
            label = ("covid", "normal", "pneumonia")[number % 3]
            drawn = np.asarray(draw_phantom(label, number, 256), np.uint8)
            Image.fromarray(drawn).save(folder / f"{number:03}.png")
    films = find_films(folder).films
    found = []
    for name in precisions(bundle)[1:]:
        parity = ParityCheck(bundle, name, time_share=float("inf"))
        for _ in Scanner(bundle, folder, precision=name, parity=parity).scan(films):
            pass
        if parity.result is not None:
            found.append(parity.result)
    return found


def parity_rows(found: list[Parity]) -> list[Row]:
    """What is said of each precision against float32."""
    return [
        Row(
            f"{parity.precision} against float32, {parity.films} films",
            f"largest difference of a probability {parity.largest:.3f}, "
            f"other verdict {parity.differing}",
        )
        for parity in found
    ]


def to_json(
    turns: list[Turn],
    growth: Growth,
    parity: list[Parity],
) -> dict[str, Any]:
    """Every measured value."""
    return {
        "turns": [dataclasses.asdict(turn) for turn in turns],
        "growth": dataclasses.asdict(growth),
        "parity": [each.to_json() for each in parity],
    }
