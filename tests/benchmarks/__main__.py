"""Print the project's figures: `python -m tests.benchmarks [GROUP ...] [--quick]`.

Each is measured against its alternative in the same run, the two in turns, so that
what else the machine does hits both. No figure fails the run: the exit status says
only whether they could be taken.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import CoreError
from core.files import atomic_write
from core.model.bundle import WEIGHTS, ModelBundle, read_bundle
from core.model.gate import GATE
from core.paths import default_bundle_dir
from tests.benchmarks import (
    copies_growth,
    feature_extraction,
    first_verdict,
    machine,
    memory,
    one_verdict,
    planted_copies,
    precisions,
    ray_side,
    reading_while_training,
    refusals,
    scanning,
    search_grid,
    starting,
    training_films,
    training_flow,
)
from tests.benchmarks.child import ChildError, python, run_once
from tests.benchmarks.figures import Row, markdown_table, row_in_words

_NOTES = """\
Each value is the median, with the quartiles in brackets; a ratio is the median of the
ratios of neighbouring measurements."""
_NOTES_VERDICT = """\
TensorFlow's side loads the same weights from a
.keras file saved beforehand, reads and preprocesses the film with the same code, and
gets logits and feature maps from one `predict`, so that the GradientTape of Grad-CAM
runs through the head alone; no XLA, oneDNN on, its log off. Times of fresh processes
run until the verdict is printed. Hilum's single verdict includes the preprocessing
that the Keras side is spared."""
_NOTES_TRAINING = """\
A head is trained in fresh processes with Keras imported, the films decoded, and the
network built and given its weights, before the clock starts. Hilum's side then loads
the backbone's graph, or writes one of a weights file first, runs every film through it
once and trains the head; Keras's side calls `fit` with the same films, head, optimiser,
batches and validation, its backbone frozen, with XLA if that made it faster. The share
of an epoch in which the device is busy is the time of the same steps on batches in
memory, as a share of the epoch's; varying films takes from the same processor. A film
is read by the window's own worker, the job started by the window's own code."""

_NOTES_LEAKS = """\
Copies are planted among films of groups on which no threshold was chosen. The search
for them among all films of the manifest runs on fingerprints taken before; all pairs
means the same search with each film laid over every other in the same poses, without
the index."""

_NOTES_SCAN = """\
A scan is timed against the loop of published projects: keras.utils.load_img and
model.predict, film by film, with the same weights, in a process that has done one
already. Films are hard links to few files, so that the disk counts for neither.
Decoding alone is a film from the file to the network's input, inference alone the
graph on films in memory, both as the scan does them and in the same process; the
least ratio is the processor time of both over that of the greater."""

_NOTES_PRECISIONS = """\
A scan in a precision is the whole command in a new process, opening the model and the
comparison with float32 included, the precisions in turns. Rows come
in pairs: the time that passed, and the processor time, which other programs change
less."""

_NOTES_REFUSALS = """\
Films are those of the split test, as they are and turned on purpose; pictures of other
things come with the films or are made. A turned film is told where it is warned of with
what mends it, or refused. The default model's gate learned from every second group of
the pictures in not-chest; those of the others are read here."""

_NOTES_SEARCH = """\
The search is the whole command in a new process. Keras's side is not run whole: two
epochs are measured for each size of a batch, and the rest is reckoned from them."""

_NOTES_START = """\
A start is that of a new process on files that are in memory already, with settings of
its own, given a film; both are seen on the screen of an X server without hardware, and
looking takes less than a tenth of a second."""


def main() -> int:
    """Parse the command line, measure and print.

    Returns:
        0, whatever the figures; 2 if they could not be taken.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument(
        "groups",
        nargs="*",
        metavar="GROUP",
        help=f"{', '.join(_GROUPS)}; else all of them",
    )
    parser.add_argument("--model", type=Path, help="a bundle; else the default")
    parser.add_argument("--quick", action="store_true", help="few repeats")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value")
    wishes = parser.parse_args()
    if unknown := set(wishes.groups) - set(_GROUPS):
        parser.error(f"there is no group {', '.join(sorted(unknown))}")
    groups = [name for name in _GROUPS if name in (wishes.groups or _GROUPS)]
    try:
        bundle = read_bundle((wishes.model or default_bundle_dir()).resolve())
        if WEIGHTS not in bundle.card.files:
            _say(f"The bundle has no {WEIGHTS} to rebuild the Keras network from.")
            return 2
        values = _measure(bundle, groups, quick=wishes.quick)
        if wishes.json:
            with atomic_write(wishes.json) as partial:
                text = json.dumps(values, indent=1, ensure_ascii=False)
                partial.write_text(text + "\n", "utf-8")
    except CoreError as error:
        _say(f"{error} {error.hint}".rstrip())
        return 2
    except ChildError as error:
        _say(str(error))
        return 2
    return 0


def _measure(
    bundle: ModelBundle, groups: Sequence[str], *, quick: bool
) -> dict[str, Any]:
    facts = machine.description(bundle)
    for name, value in facts.items():
        _say(f"{name:10} {value}")
    was_busy = machine.is_busy()
    rows: list[Row] = []
    values: dict[str, Any] = {"machine": facts}
    notes = [_NOTES]
    with tempfile.TemporaryDirectory(prefix="hilum-benchmarks-") as folder:
        for name in groups:
            group = _GROUPS[name]
            values |= group.measure(bundle, Path(folder), rows, quick)
            notes += group.notes
    if was_busy or machine.is_busy():
        load = os.getloadavg()[0]
        _say(
            f"\nOTHER PROGRAMS ARE BUSY (load {load:.1f}): times here are too long; "
            "ratios and memory say more."
        )
    table = markdown_table(rows)
    _say("\n" + "\n".join(notes) + f"\n\n{table}")
    return {**values, "table": table}


def _verdict(
    bundle: ModelBundle, folder: Path, rows: list[Row], quick: bool
) -> dict[str, Any]:
    """What a verdict takes, from the interpreter's start and of a loaded model."""
    values: dict[str, Any] = {}
    films = machine.films()
    keras_file = folder / "network.keras"
    builder = "tests.benchmarks.keras_side"
    run_once(python(builder, "build", bundle.path, keras_file))

    _say("\nFrom the interpreter's start to the first verdict")
    values["first_verdict"] = []
    for film in films:
        first = first_verdict.measure(film, bundle.path, keras_file, 2 if quick else 7)
        values["first_verdict"].append(first_verdict.to_json(first))
        _say(first_verdict.agreement(first))
        _show(first_verdict.rows(first), rows)

    _say("\nOne verdict of a loaded model")
    big = one_verdict.film_of_side(films[0])
    repeats = 8 if quick else 60
    single = one_verdict.measure(bundle, big, keras_file, repeats)
    heat = one_verdict.measure_heatmap(bundle, big, 2 * repeats)
    values["one_verdict"] = one_verdict.to_json(single, heat)
    _say(one_verdict.agreement(single))
    _show(one_verdict.rows(single, heat), rows)

    if sys.platform == "linux":  # others do not tell a process's memory this way
        _say("\nMemory of the window")
        found = memory.measure(films, bundle.path, 1 if quick else 3)
        values["memory"] = memory.to_json(found)
        _show(memory.rows(found), rows)
    return values


def _training(
    bundle: ModelBundle, folder: Path, rows: list[Row], quick: bool
) -> dict[str, Any]:
    """What a training takes, how well it is fed, and what it leaves to the window."""
    values: dict[str, Any] = {}
    kind = training_films.kind()
    turns = 1 if quick else 3

    _say("\nA head trained on features that are computed once")
    stored = _films(folder, {"train": 500, "val": 100})[1]
    head = feature_extraction.measure(
        bundle,
        stored,
        f"500 + 100 {kind} films",
        turns,
        on_turn=lambda turn: _say(f"  turn {turn} of {turns}"),
    )
    values["feature_extraction"] = feature_extraction.to_json(head)
    _say(feature_extraction.where_time_goes(head))
    _show(feature_extraction.rows(head), rows)

    _say("\nBatches that are varied ahead of the step")
    count = 96 if quick else 320
    stored = _films(folder, {"train": count})[1]
    flow = training_flow.measure(stored, f"{count} {kind} films", 3)
    values["training_flow"] = training_flow.to_json(flow)
    _say(training_flow.where_time_goes(flow))
    _show(training_flow.rows(flow), rows)

    _say("\nReading a film while a job trains")
    manifest = _films(folder, {"train": 96, "val": 12, "test": 12})[0]
    film = machine.films()[-1]
    repeats = 8 if quick else 40
    reading = reading_while_training.measure(film, bundle.path, manifest, repeats)
    values["reading_while_training"] = reading_while_training.to_json(reading)
    _say(reading_while_training.conditions(reading))
    _show(reading_while_training.rows(reading), rows)
    return values


def _films(folder: Path, counts: Mapping[str, int]) -> tuple[Path, Path]:
    """A manifest of films, and the file of those to train and validate on."""
    place = folder / "-".join(map(str, counts.values()))
    place.mkdir()
    manifest = training_films.choose_films(place, counts)
    stored = place / "films.npz"
    training_films.store_films(manifest, stored)
    return manifest, stored


def _leaks(
    bundle: ModelBundle, folder: Path, rows: list[Row], quick: bool
) -> dict[str, Any]:
    """How well copies of films and shared patients are found, and how soon."""
    _say("\nPlanted copies and shared patients")
    found = planted_copies.measure(400 if quick else planted_copies.ALL)
    _say("\n".join(f"  {line}" for line in found.said))
    _show(planted_copies.rows(found), rows)

    _say("\nThe search for copies as films grow in number")
    growth = copies_growth.measure([1000] if quick else [1000, 4000, 27_000], 4000)
    _show(copies_growth.rows(growth), rows)
    return {
        "leaks": planted_copies.to_json(found),
        "copies_growth": copies_growth.to_json(growth),
    }


def _scan(
    bundle: ModelBundle, folder: Path, rows: list[Row], quick: bool
) -> dict[str, Any]:
    """How many films a second a scan reads, and how that grows."""
    films = folder / "scan-films"
    kind = scanning.write_films(films, 40 if quick else 400)
    _say(f"\nA scan of {len(list(films.iterdir()))} links to {kind} films")
    keras_file = folder / "scan.keras"
    run_once(python("tests.benchmarks.keras_side", "build", bundle.path, keras_file))
    turns = scanning.measure_speed(bundle, keras_file, films, 1 if quick else 5)
    _show(scanning.speed_rows(turns), rows)

    parity = scanning.measure_parity(bundle, folder / "parity", 30 if quick else 200)
    _show(scanning.parity_rows(parity), rows)

    counts = [100, 1000, 3000] if quick else [1000, 50_000, 100_000]
    _say("\nScans of " + ", ".join(f"{count:,}" for count in counts) + " small films")
    growth = scanning.measure_growth(folder, counts)
    _show(scanning.growth_rows(growth), rows)
    return {"scan": scanning.to_json(turns, growth, parity)}


def _precisions(
    bundle: ModelBundle, folder: Path, rows: list[Row], quick: bool
) -> dict[str, Any]:
    """What each precision is worth, in a small scan and a larger one."""
    values = {}
    for count in (5, 20) if quick else (20, 400):
        films = folder / f"precision-films-{count}"
        kind = scanning.write_films(films, count)
        _say(f"\nScans of {count} {kind} films in each precision")
        found = precisions.measure(bundle, films, folder, 1 if quick else 5)
        _show(precisions.rows(found, count), rows)
        values[str(count)] = dataclasses.asdict(found)
    return {"precisions": values}


def _cluster(
    bundle: ModelBundle, folder: Path, rows: list[Row], quick: bool
) -> dict[str, Any]:
    """What a cluster takes beside the reading."""
    if importlib.util.find_spec("ray") is None:
        _say("\nA cluster is not measured: the optional package ray is not installed")
        return {}
    _say("\nA scan by a cluster of this machine alone")
    found = ray_side.measure(bundle, folder / "cluster", quick=quick)
    _show(ray_side.rows(found), rows)
    return {"cluster": ray_side.to_json(found)}


def _start(
    bundle: ModelBundle, folder: Path, rows: list[Row], quick: bool
) -> dict[str, Any]:
    """How soon the window is there, and the first verdict in it."""
    if missing := starting.missing_tools():
        _say(f"\nStarts are not measured: there is no {', '.join(missing)}")
        return {}
    _say("\nFrom the start of the program to the first verdict in its window")
    found = starting.measure(2 if quick else 9)
    _show(starting.rows(found), rows)
    return {"start": starting.to_json(found)}


def _refusals(
    bundle: ModelBundle, folder: Path, rows: list[Row], quick: bool
) -> dict[str, Any]:
    """What is refused and warned of, where there are real films and a gate."""
    data = machine.real_films_dir()
    if not (data / "manifest.csv").is_file() or not (data / "not-chest").is_dir():
        _say("\nNo refusals: HILUM_XRAY_DATA names no folder of real films.")
        return {}
    if GATE not in bundle.card.files:
        _say("\nNo refusals: this model has no gate; core fit-gate makes one.")
        return {}
    _say("\nFilms refused and warned of")
    found = refusals.measure(
        bundle, data, 100 if quick else 400, 100 if quick else refusals.MADE
    )
    _show(refusals.rows(found), rows)
    return {"refusals": refusals.to_json(found)}


def _search(
    bundle: ModelBundle, folder: Path, rows: list[Row], quick: bool
) -> dict[str, Any]:
    """What a grid of settings takes whose trials share their features."""
    kind = training_films.kind()
    counts = {"train": 60, "val": 30} if quick else {"train": 600, "val": 150}
    place = folder / "search"
    place.mkdir()
    manifest, stored = _films(place, {**counts, "test": 12})
    _say("\nA grid of settings of the head, its base frozen")
    films = f"{counts['train']} + {counts['val']} {kind} films"
    found = search_grid.measure(manifest, stored, films, place, quick=quick)
    _show(search_grid.rows(found), rows)
    return {"search": search_grid.to_json(found)}


@dataclasses.dataclass(frozen=True)
class _Group:
    """Figures that can be asked for by name.

    Attributes:
        measure: Prints figures and adds their rows; returns every value.
        notes: How they are taken, for below the table.
    """

    measure: Callable[[ModelBundle, Path, list[Row], bool], dict[str, Any]]
    notes: tuple[str, ...] = ()


_GROUPS = {
    "verdict": _Group(_verdict, (_NOTES_VERDICT,)),
    "start": _Group(_start, (_NOTES_START,)),
    "training": _Group(_training, (_NOTES_TRAINING,)),
    "leaks": _Group(_leaks, (_NOTES_LEAKS,)),
    "scan": _Group(_scan, (_NOTES_SCAN,)),
    "precisions": _Group(_precisions, (_NOTES_PRECISIONS,)),
    "cluster": _Group(_cluster),
    "search": _Group(_search, (_NOTES_SEARCH,)),
    "refusals": _Group(_refusals, (_NOTES_REFUSALS,)),
}


def _show(found: list[Row], rows: list[Row]) -> None:
    for row in found:
        _say(row_in_words(row))
    rows += found


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - for people


if __name__ == "__main__":
    sys.exit(main())
