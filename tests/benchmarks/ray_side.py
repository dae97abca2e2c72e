"""What a cluster takes: to start, per shard, and of the machine that hands them out."""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.cluster import cluster as ray_cluster
from core.cluster.cluster import LOCAL, Cluster, connected
from core.cluster.probe import check_connection
from core.cluster.scanner import FIRST, RayScanner
from core.cluster.worker import Plan, ShardReader, ship
from core.films.finder import FoundFilm
from core.jobs.reporters import counter
from core.model.bundle import ModelBundle, read_bundle
from core.paths import default_bundle_dir
from core.scan.results import ScanFile
from core.scan.row import ScanRow
from core.scan.scanner import Scanner
from tests.benchmarks.figures import Row, plain_row, ratio_row, row_in_words
from tests.benchmarks.machine import films as known_films
from tests.benchmarks.machine import real_films_dir

#: Rows before which the speed of quick workers is not known yet.
_SLOW_ROWS = 5000
_CALLS = 200


@dataclasses.dataclass(frozen=True)
class Found:
    """What was measured; seconds, but for the rates.

    Attributes:
        films: Read by each of the two.
        alone: The scan of this machine, from the start of the first film on.
        spread: The same by a local cluster, from its first row on.
        joined: From nothing to a local cluster.
        started: Until a worker answers that has nothing to open.
        opened: Of the model in a worker.
        handed: One shard of one film that takes no time, there and back.
        rows_per_s: Rows that arrive and are written while workers take no time.
        rows_per_cpu_s: The same per second of this program's processor time.
        bytes_per_row: Of the results.
    """

    films: int
    alone: list[float]
    spread: list[float]
    joined: list[float]
    started: list[float]
    opened: list[float]
    handed: list[float]
    rows_per_s: list[float]
    rows_per_cpu_s: list[float]
    bytes_per_row: float


class PlainReader(ShardReader):
    """Can be asked whether it is there."""

    def look(self) -> None:
        """It is."""


class QuickReader(ShardReader):
    """Answers at once with rows that were made before."""

    def open(self) -> None:
        """Nothing to open."""

    def read(self, films: Sequence[FoundFilm]) -> list[ScanRow]:
        """A row per film, as long as most are."""
        return [_row(film) for film in films]


def measure(bundle: ModelBundle, folder: Path, *, quick: bool) -> Found:
    """Measure on a cluster of this machine alone.

    Args:
        folder: To write to.
        quick: Whether to take few films and one turn.

    Raises:
        CoreError: The package ray is not installed.
    """
    check_connection(LOCAL, lambda: None)
    films = _chosen(folder / "films", 60 if quick else 400)
    alone, spread = [], []
    for _ in range(1 if quick else 3):
        alone.append(_seconds(Scanner(bundle, folder / "films").scan(films)))
        scanner = RayScanner(
            bundle,
            folder / "films",
            LOCAL,
            precision="float32",
            report=lambda _: None,
        )
        spread.append(_seconds(scanner.scan(films), FIRST))
    began = time.perf_counter()
    with connected(LOCAL) as cluster:
        joined = time.perf_counter() - began
        started, opened = _workers(cluster, bundle, folder / "films", 3)
        handed = _handed(cluster)
    per_s, per_cpu_s, size = _ceiling(bundle, folder, 50_000 if quick else 500_000)
    return Found(
        len(films),
        alone,
        spread,
        [joined],
        started,
        opened,
        handed,
        [per_s],
        [per_cpu_s],
        size,
    )


def rows(found: Found) -> list[Row]:
    """What is said of it."""
    many = f"{found.films} films"
    return [
        ratio_row(f"{many}, --ray local / alone", found.spread, found.alone, "s"),
        plain_row("a local cluster started", found.joined, "s"),
        plain_row("a worker started", found.started, "s"),
        plain_row("the model opened by a worker", found.opened, "s"),
        plain_row("a shard, there and back", [1000 * s for s in found.handed], "ms"),
        plain_row("rows of quick workers", found.rows_per_s, "a second"),
        plain_row(
            "rows per second of the driver's processor time", found.rows_per_cpu_s, ""
        ),
        Row("bytes of results per film", f"{found.bytes_per_row:.0f}"),
    ]


def to_json(found: Found) -> dict[str, Any]:
    """Every value."""
    return dataclasses.asdict(found)


def _chosen(folder: Path, count: int) -> list[FoundFilm]:
    """Links to films; the same few again and again where there are no more."""
    folder.mkdir(parents=True)
    found = sorted((real_films_dir() / "images").rglob("*.jpg"))[::10] or known_films()
    films = []
    for number in range(count):
        path = found[number % len(found)]
        name = f"{number:05}{path.suffix}"
        (folder / name).symlink_to(path)
        films.append(FoundFilm(name, None))
    return films


def _seconds(rows_made: Iterator[ScanRow], skipped: int = 0) -> float:
    """How long rows take; all of them, as those after the skipped ones do."""
    times = [time.perf_counter(), *(time.perf_counter() for _ in rows_made)]
    count = len(times) - 1
    return (times[-1] - times[skipped]) * count / (count - skipped)


def _workers(
    cluster: Cluster, bundle: ModelBundle, folder: Path, turns: int
) -> tuple[list[float], list[float]]:
    """Seconds that the start of a worker takes, and then the opening of a model."""
    node = cluster.nodes()[0]
    model = cluster.share(ship(bundle))
    started, opened = [], []
    for _ in range(turns):
        began = time.perf_counter()
        actor = _start(cluster, PlainReader, Plan(node.cores), model, folder)
        cluster.answer(cluster.ask(actor, "look"))
        ready = time.perf_counter()
        cluster.answer(cluster.ask(actor, "open"))
        opened.append(time.perf_counter() - ready)
        started.append(ready - began)
        cluster.end(actor)
    return started, opened


def _handed(cluster: Cluster) -> list[float]:
    actor = _start(cluster, QuickReader, Plan(1), None, Path())
    film = [FoundFilm("a/film.png", None)]
    times = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        cluster.answer(cluster.ask(actor, "read", film))
        times.append(time.perf_counter() - began)
    cluster.end(actor)
    return times[1:]


def _start(
    cluster: Cluster, kind: type[ShardReader], plan: Plan, model: Any, folder: Path
) -> Any:
    kept, ray_cluster.ShardReader = ray_cluster.ShardReader, kind  # type: ignore[misc]
    try:
        return cluster.start(cluster.nodes()[0], plan, model, folder, "float32")
    finally:
        ray_cluster.ShardReader = kept  # type: ignore[misc]


def _ceiling(
    bundle: ModelBundle, folder: Path, count: int
) -> tuple[float, float, float]:
    """Rows a second that the driver takes, also of its own time; bytes of each."""
    films = [FoundFilm(f"ward-{n % 97}/film-{n:08}.png", None) for n in range(count)]
    (folder / "none").mkdir()
    scanner = RayScanner(
        bundle, folder / "none", LOCAL, precision="float32", report=lambda _: None
    )
    count_up = counter("scan", count, lambda _: None)
    out = folder / "quick.csv"
    kept, ray_cluster.ShardReader = ray_cluster.ShardReader, QuickReader  # type: ignore[misc]
    try:
        with ScanFile(out, ("covid", "pneumonia", "normal")) as file:
            began, used = 0.0, 0.0
            for number, row in enumerate(scanner.scan(films), start=1):
                if number == _SLOW_ROWS:
                    began, used = time.perf_counter(), time.process_time()
                file.append(row)
                count_up(number)
            wall, cpu = time.perf_counter() - began, time.process_time() - used
    finally:
        ray_cluster.ShardReader = kept  # type: ignore[misc]
    done = count - _SLOW_ROWS
    return done / wall, done / cpu, out.stat().st_size / count


def _row(film: FoundFilm) -> ScanRow:
    return ScanRow(
        file=film.file,
        finding="normal",
        verdict="Looks like Normal (93 %).",
        probabilities={"covid": 0.02, "pneumonia": 0.05, "normal": 0.93},
        warnings=(),
        error="",
        size=1_234_567,
        modified="2026-01-01T00:00:00.000000Z",
        model="Hilum default model",
        model_sha256="0" * 64,
        precision="float32",
        version="0.1.0",
    )


def main() -> int:
    """Measure with the default model and print."""
    bundle = read_bundle(default_bundle_dir())
    with tempfile.TemporaryDirectory() as folder:
        found = measure(bundle, Path(folder), quick="--quick" in sys.argv)
    print("\n".join(map(row_in_words, rows(found))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
