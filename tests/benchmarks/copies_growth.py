"""How long the search for copies takes as films grow in number, with and without index.

`python -m tests.benchmarks.copies_growth --counts 1000 4000` prints a JSON object. Each
search runs in this process, the one with all pairs after the one with the index.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data import near_duplicates as copies
from core.data.film_features import FilmFeatures, nearest_films, reader_of
from core.data.fingerprints import fingerprint_of
from core.data.near_duplicates import SimilarPair, similar_pairs
from core.data.poses import coarse_poses
from core.films.radiograph import read_radiograph
from tests.benchmarks.child import python, run_once
from tests.benchmarks.figures import Row, plain_row, ratio_row
from tests.benchmarks.leaks import REAL_FILMS
from tests.phantoms import draw_phantom
from tests.planted import fingerprint

_BLOCK = 128


@dataclasses.dataclass(frozen=True)
class Growth:
    """What was measured, by the number of films.

    Attributes:
        decode_s: Until all fingerprints were taken.
        index, pairs: {films: [wall s, processor s]} with the index, and without.
        agree: {films: share} of the pairs of either search that both found.
        peak_mb: {films: MB} most memory of the process by the end of the search.
    """

    decode_s: float
    index: dict[str, list[float]]
    pairs: dict[str, list[float]]
    agree: dict[str, float]
    peak_mb: dict[str, float]


def measure(counts: Sequence[int], bearable: int) -> Growth:
    """Search among so many films in a process of its own.

    Args:
        bearable: Films up to which all pairs are compared as well.

    Raises:
        ChildError: It failed.
    """
    words = ["--counts", *map(str, counts), "--bearable", str(bearable)]
    return Growth(**run_once(python("tests.benchmarks.copies_growth", *words)).answer)


def rows(growth: Growth) -> list[Row]:
    """A row for each number of films."""
    most = max(map(int, growth.index))
    per_film = 1000 * growth.decode_s / most
    found = [plain_row("a film read and summed up for the search", [per_film], "ms")]
    for films, (wall, used) in growth.index.items():
        what = f"search for copies among {int(films):,} films"
        memory = f", at most {growth.peak_mb[films]:,.0f} MB"
        if films in growth.pairs:
            with_all, used_by_all = growth.pairs[films]
            row = ratio_row(what + ", against all pairs", [wall], [with_all], "s")
            found.append(dataclasses.replace(row, ours=row.ours + memory))
            what += f", {growth.agree[films]:.1%} of the pairs found by both"
            row = ratio_row(what + ": processor time", [used], [used_by_all], "s")
            found.append(row)
        else:
            row = plain_row(what, [wall], "s")
            ours = f"{row.ours}, {used:.0f} s of processor time{memory}"
            found.append(dataclasses.replace(row, ours=ours))
    return found


def all_pairs(
    squares: NDArray[np.uint8], most: int, on_progress: Callable[[float], None]
) -> NDArray[np.intp]:
    """As `nearest_films`, with each film compared with every other."""
    features = FilmFeatures(squares, 4.0, 1.0, 64)
    every = features.as_they_are()
    found = []
    for start in range(0, len(every), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(every)))
        films = features.films(rows)
        best = np.full((len(rows), len(every)), -1.0, np.float32)
        pose = np.zeros(best.shape, np.intp)
        for number, each in enumerate(coarse_poses()):
            alike = features.of(films, reader_of(each)) @ every.T
            better = alike > best
            np.copyto(best, alike, where=better)
            np.copyto(pose, number, where=better)
        best[np.arange(len(rows)), rows] = -1.0
        keep = min(most, len(every))
        top = np.argpartition(-best, keep - 1, axis=1)[:, :keep]
        value = np.take_along_axis(best, top, axis=1)
        one, column = np.nonzero(value >= 0.6)
        other = top[one, column]
        found.append(np.stack([rows[one], other, pose[one, other]]))
        on_progress(rows[-1] / len(every))
    return np.concatenate(found, axis=1)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.copies_growth")
    parser.add_argument("--counts", type=int, nargs="+", required=True)
    parser.add_argument("--bearable", type=int, default=4000)
    wishes = parser.parse_args()
    start = time.perf_counter()
    prints = _fingerprints(max(wishes.counts))
    growth = Growth(time.perf_counter() - start, {}, {}, {}, {})
    similar_pairs(prints[:50])  # so that no figure holds the loading of libraries
    for count in sorted({min(count, len(prints)) for count in wishes.counts}):
        films = str(count)
        growth.index[films], found = _timed(prints[:count])
        usage = resource.getrusage(resource.RUSAGE_SELF)
        growth.peak_mb[films] = usage.ru_maxrss / 1024
        if count <= wishes.bearable:
            copies.nearest_films = all_pairs
            growth.pairs[films], others = _timed(prints[:count])
            copies.nearest_films = nearest_films
            both, either = _rows(found) & _rows(others), _rows(found) | _rows(others)
            growth.agree[films] = len(both) / max(1, len(either))
    sys.stdout.write(json.dumps(dataclasses.asdict(growth)) + "\n")
    return 0


def _timed(prints: NDArray[np.uint8]) -> tuple[list[float], list[SimilarPair]]:
    wall, used = time.perf_counter(), time.process_time()
    found = similar_pairs(prints)
    return [time.perf_counter() - wall, time.process_time() - used], found


def _rows(pairs: Sequence[SimilarPair]) -> set[tuple[int, int]]:
    return {(pair.first, pair.second) for pair in pairs}


def _fingerprints(count: int) -> NDArray[np.uint8]:
    """Of real films in random order, all if there are fewer; else of phantoms."""
    manifest = REAL_FILMS / "manifest.csv"
    if not manifest.exists():
        drawn = (draw_phantom("normal", seed, 128) for seed in range(min(count, 1000)))
        return np.stack([fingerprint(film) for film in drawn])
    with open(manifest, encoding="utf-8", newline="") as file:
        files = [row["file"] for row in csv.DictReader(file)]
    chosen = np.random.default_rng(0).permutation(len(files))[:count]
    return np.stack(
        [fingerprint_of(read_radiograph(REAL_FILMS / files[at])) for at in chosen]
    )


def to_json(growth: Growth) -> dict[str, Any]:
    """Every value."""
    return dataclasses.asdict(growth)


if __name__ == "__main__":
    sys.exit(main())
