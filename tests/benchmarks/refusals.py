"""Which films and pictures are refused or warned of, on real ones that were kept out.

Real films are those of the split *test* of HILUM_XRAY_DATA, spread over its sources,
whole and with a part of one side cut away; its folder `not-chest` holds pictures of
other things, of which those are read that the default model's gate did not learn from.
More of these are made here: noise, drawings, text, parts of photographs and of DICOM
slices that libraries bring.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import ImageReadError
from core.evaluation.intervals import interval
from core.films.preprocess import to_network_input
from core.films.radiograph import (
    Radiograph,
    radiograph_from_array,
    read_radiograph,
)
from core.model.bundle import ModelBundle
from core.model.classifier import Classifier
from core.model.gate import UPRIGHT
from core.model.gate_fit import TURNS
from core.model.lungs import LungFinder, lung_finder, lung_warnings
from tests.benchmarks.figures import Row, Target

REFUSED = Target("at least 99 % refused", 0.99, at_least=True)
KEPT = Target("at most 1 % refused", 0.01)
WARNED = Target("at most 1 % warned of", 0.01)
TOLD = Target("at least 95 % warned of or refused", 0.95, at_least=True)
MADE = 500
_SIDE = 256
#: What is cut away at a side, and the share of the lungs in it from which they count
#: as cut off.
_CUT, _OF_LUNGS = (0.15, 0.25), 0.05
WHOLE, CUT_OFF = "whole film, lungs", "lungs cut off"
CROPS = (WHOLE, CUT_OFF)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was said of pictures of one kind.

    Attributes:
        kind: "upright", "rot90", ..., "not chest: knee", "made: noise".
        films: How many.
        refused, warned: Of these.
    """

    kind: str
    films: int
    refused: int
    warned: int


def measure(bundle: ModelBundle, data: Path, films: int, made: int) -> list[Outcome]:
    """Read films as they are and turned, and pictures of other things.

    Args:
        data: With `manifest.csv` and `not-chest`.
        films: Of the split test, at most.
        made: Pictures to make.
    """
    classifier = Classifier(bundle)
    spec = bundle.card.preprocess

    def square(film: Radiograph) -> NDArray[np.uint8]:
        return np.rint(to_network_input(film, spec)[0, :, :, 0]).astype(np.uint8)

    def outcome(kind: str, pictures: Sequence[NDArray[np.uint8]]) -> Outcome:
        said = [
            classifier.predict(radiograph_from_array(each)).check for each in pictures
        ]
        refused = sum(bool(check.refused) for check in said)
        warned = sum(bool(check.warnings) for check in said)
        return Outcome(kind, len(said), refused, warned)

    plain = [square(read_radiograph(path)) for path in _test_films(data, films)]
    found = [
        outcome(name, [turn(film) for film in plain]) for name, turn in TURNS.items()
    ]
    kinds: dict[str, list[NDArray[np.uint8]]] = {}
    for path in other_pictures(data, learned=False):
        kind = f"not chest: {path.stem.split('_')[1]}"
        kinds.setdefault(kind, []).append(square(read_radiograph(path)))
    for kind, picture in made_pictures(made):
        film = square(radiograph_from_array(picture))
        kinds.setdefault(f"made: {kind}", []).append(film)
    found += [outcome(kind, pictures) for kind, pictures in kinds.items()]
    finder = lung_finder(bundle)
    return found + (_cut_off(finder, _test_films(data, films)) if finder else [])


def other_pictures(data: Path, *, learned: bool) -> list[Path]:
    """Pictures of other things: those that the default model's gate learned, or not.

    Every second group was learned from, so that no knee or scan is on both sides.
    """
    with open(data / "not-chest.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    groups = sorted({row["group"] for row in rows})[0 if learned else 1 :: 2]
    return sorted(data / row["file"] for row in rows if row["group"] in groups)


def _cut_off(finder: LungFinder, films: Sequence[Path]) -> list[Outcome]:
    """What is said of where lungs are, in whole films and where a side is cut away."""
    rng = np.random.default_rng(2)
    said: dict[str, list[bool]] = {kind: [] for kind in CROPS}
    for path in films:
        film = read_radiograph(path)
        lungs = finder.find(film)
        said[WHOLE].append(bool(lung_warnings(lungs)))
        turns, share = int(rng.integers(4)), rng.uniform(*_CUT)
        if (
            _top(np.rot90(lungs.mask, turns), share).sum()
            < _OF_LUNGS * lungs.mask.sum()
        ):
            continue
        turned = np.rot90(film.pixels, turns)
        rest = np.rot90(turned[len(_top(turned, share)) :], -turns)
        cut = dataclasses.replace(film, pixels=np.ascontiguousarray(rest))
        said[CUT_OFF].append(bool(lung_warnings(finder.find(cut))))
    return [Outcome(kind, len(each), 0, sum(each)) for kind, each in said.items()]


def _top(picture: NDArray[Any], share: float) -> NDArray[Any]:
    return picture[: round(share * len(picture))]


def rows(found: Sequence[Outcome]) -> list[Row]:
    """What is said of them: a line per kind, and one for all that is no chest film."""
    said = []
    for each in found:
        if each.kind == UPRIGHT:
            said.append(_row(each.kind, "refused", each.refused, each.films, KEPT))
            said.append(_row(each.kind, "warned of", each.warned, each.films, WARNED))
        elif each.kind in CROPS:
            target = WARNED if each.kind == WHOLE else None
            said.append(_row(each.kind, "warned of", each.warned, each.films, target))
        elif each.kind in TURNS:
            told = each.refused + each.warned
            said.append(_row(each.kind, "told", told, each.films, TOLD))
            said.append(_row(each.kind, "warned of", each.warned, each.films, None))
        else:
            said.append(_row(each.kind, "refused", each.refused, each.films, None))
    others = [each for each in found if each.kind not in (*TURNS, *CROPS)]
    total = sum(each.films for each in others)
    refused = sum(each.refused for each in others)
    return [*said, _row("no chest film", "refused", refused, total, REFUSED)]


def to_json(found: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The counts."""
    return [dataclasses.asdict(each) for each in found]


def _row(kind: str, what: str, count: int, of: int, target: Target | None) -> Row:
    low, high = interval(count, of)
    share = count / of
    return Row(
        f"{kind}: {what}",
        f"{share:.1%} ({low:.1%} to {high:.1%}) of {of}",
        target=target.text if target else "",
        reached=target.is_reached(share) if target else None,
    )


def _test_films(data: Path, most: int) -> list[Path]:
    """Films of the split test, the sources in their proportions, by chance."""
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        listed = [row for row in csv.DictReader(file) if row["split"] == "test"]
    order = np.random.default_rng(0).permutation(len(listed))[:most]
    return [data / listed[row]["file"] for row in order]


def made_pictures(count: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Pictures that are no chest film, with their kind; the same ones each time."""
    rng = np.random.default_rng(1)
    kinds: dict[str, Callable[[np.random.Generator], NDArray[np.uint8]]] = {
        "noise": _noise,
        "drawing": _drawing,
        "text": _text,
        "photograph": _photograph,
        "slice": _slice,
    }
    for number in range(count):
        kind = list(kinds)[number % len(kinds)]
        yield kind, kinds[kind](rng)


def _noise(rng: np.random.Generator) -> NDArray[np.uint8]:
    coarse = int(2 ** rng.integers(1, 9))
    cells = rng.integers(0, 256, (coarse, coarse)).astype(np.uint8)
    return np.asarray(cv2.resize(cells, (_SIDE, _SIDE)), np.uint8)


def _drawing(rng: np.random.Generator) -> NDArray[np.uint8]:
    picture = np.full((_SIDE, _SIDE), rng.integers(0, 256), np.uint8)
    for _ in range(rng.integers(1, 12)):
        shade = int(rng.integers(0, 256))
        points = rng.integers(0, _SIDE, (int(rng.integers(3, 6)), 2)).astype(np.int32)
        cv2.fillPoly(picture, [points], shade)
        centre = tuple(int(n) for n in rng.integers(0, _SIDE, 2))
        cv2.circle(picture, centre, int(rng.integers(5, 60)), shade, 3)
    return picture


def _text(rng: np.random.Generator) -> NDArray[np.uint8]:
    dark = bool(rng.integers(2))
    picture = np.full((_SIDE, _SIDE), 20 if dark else 245, np.uint8)
    for top in range(20, _SIDE, 16):
        letters = "".join(map(chr, rng.integers(97, 123, int(rng.integers(8, 30)))))
        ink = 230 if dark else 15
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(picture, letters, (8, top), font, 0.45, ink, 1, cv2.LINE_AA)
    return picture


def _photograph(rng: np.random.Generator) -> NDArray[np.uint8]:
    from sklearn.datasets import load_sample_images

    images = load_sample_images().images
    picture = images[int(rng.integers(len(images)))].mean(axis=2).astype(np.uint8)
    side = int(rng.integers(150, min(picture.shape)))
    top, left = (int(rng.integers(0, n - side)) for n in picture.shape)
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def _slice(rng: np.random.Generator) -> NDArray[np.uint8]:
    from pydicom.data import get_testdata_file

    name = ("CT_small.dcm", "MR_small.dcm")[int(rng.integers(2))]
    path = get_testdata_file(name, download=False)
    try:
        film = read_radiograph(str(path)).to_uint8()
    except ImageReadError:  # another version of the library may not bring it
        return _noise(rng)
    side = int(rng.integers(40, min(film.shape) + 1))
    top, left = (int(rng.integers(0, n - side + 1)) for n in film.shape)
    part = film[top : top + side, left : left + side]
    return np.asarray(cv2.resize(part, (_SIDE, _SIDE)), np.uint8)
