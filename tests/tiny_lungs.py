"""A bundle with a network that takes for lung what is of a middling grey."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops
from PIL import Image

from core.model.bundle import ModelBundle, write_bundle
from core.model.lungs import LUNG_GRAPH, LUNG_WEIGHTS, SIZE
from tests.tiny_bundle import write_tiny_bundle

#: Grey levels that are lung to it: 150 to 210.
LUNG = 190


def write_bundle_with_lungs(path: Path) -> ModelBundle:
    """The tiny model, whose evidence is the brightness, with such a network."""
    film = ops.parameter([-1, SIZE, SIZE, 1], np.float32, name="film")
    inside = ops.logical_and(
        ops.greater(film, np.float32(150)), ops.less(film, np.float32(210))
    )
    graph = ov.Model([ops.result(ops.convert(inside, np.float32))], [film], "lungs")
    with tempfile.TemporaryDirectory() as scratch:
        plain = write_tiny_bundle(Path(scratch) / "plain")
        xml = Path(scratch) / LUNG_GRAPH
        ov.serialize(graph, xml)
        files = {name: plain.path / name for name in plain.card.files}
        files |= {LUNG_GRAPH: xml, LUNG_WEIGHTS: xml.with_suffix(".bin")}
        return write_bundle(path, msgspec.structs.replace(plain.card, files={}), files)


def film_with_lungs(around: int, lungs: int = LUNG) -> NDArray[np.uint8]:
    """(256, 256) uint8: a square of one grey in the middle of another."""
    film = np.full((SIZE, SIZE), around, np.uint8)
    film[64:192, 64:192] = lungs
    return film


#: Called COVID-19 for its bright rim; for its bright lungs; normal; without lungs.
FILMS = {
    "outside.png": film_with_lungs(255),
    "inside.png": film_with_lungs(128),
    "normal.png": film_with_lungs(20, 160),
    "none.png": film_with_lungs(255, 20),
}


def write_films_with_lungs(folder: Path) -> Path:
    """Write `FILMS`, and one that is cut off at the left."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, pixels in FILMS.items():
        Image.fromarray(pixels).save(folder / name)
    Image.fromarray(FILMS["inside.png"][:, 100:]).save(folder / "cut.png")
    return folder
