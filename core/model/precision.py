"""The precisions a film can be read in, what they need, and which is quickest here."""

from __future__ import annotations

import collections
import contextlib
import os
import time
from pathlib import Path
from typing import Annotated, Final

import numpy as np
from msgspec import Meta

from core.errors import BundleError, OutputError
from core.files import write_json
from core.json_file import read_json
from core.model.bundle import GRAPH, INT8_GRAPH, ModelBundle
from core.model.graph import Graph, capabilities, machine_name
from core.paths import command_name, user_data_dir
from core.records import convert

#: The one that two machines agree in, and that others are compared with.
REFERENCE: Final = "float32"
#: Stands for the one that is quickest on this computer.
FAST: Final = "fast"
#: What a user can ask for.
CHOICES: Final = (REFERENCE, FAST, "bfloat16", "int8")
#: Precision -> what OpenVINO calls a processor's instructions for it.
_INSTRUCTIONS = {"bfloat16": "BF16", "int8": "INT8"}
#: Share of float32's time that another precision may take at most: for less, no
#: one wants other probabilities, and busy machines measure no finer.
_WORTH_IT = 0.85
_ROUNDS = 3
_FILE = "precisions.json"
_MAX_BYTES = 1 << 20
#: Computer and model -> precision -> seconds a film.
_Times = dict[str, dict[str, Annotated[float, Meta(gt=0, le=1e300)]]]


def graph_path(bundle: ModelBundle, precision: str) -> Path:
    """The graph to read films with.

    Raises:
        BundleError: The model has none for integers.
    """
    if precision != "int8":
        return bundle.path / GRAPH
    if INT8_GRAPH not in bundle.card.files:
        raise BundleError(
            f"The model {bundle.card.name} has no graph in int8.",
            hint=f"Make one of it with: {command_name()} calibrate BUNDLE --data FILMS "
            "--out NEW_BUNDLE; or read the films in bfloat16.",
        )
    return bundle.path / INT8_GRAPH


def precision_note(precision: str) -> str:
    """What to say where this processor has no instructions for it; else empty."""
    needed = _INSTRUCTIONS.get(precision)
    if needed is None or needed in capabilities():
        return ""
    return (
        f"This processor has no instructions for {precision}: the scan works, but "
        "gains little or nothing over float32."
    )


def fastest(bundle: ModelBundle) -> str:
    """The precision in which this computer reads films quickest with a model.

    Only those count that the processor has instructions for and the model a graph.
    They are timed once, in some seconds, and remembered for this processor, this
    OpenVINO and this model.

    Args:
        bundle: A verified bundle.

    Raises:
        BundleError: A graph of it cannot be loaded.
    """
    known = capabilities()
    names = [name for name, needed in _INSTRUCTIONS.items() if needed in known]
    if INT8_GRAPH not in bundle.card.files and "int8" in names:
        names.remove("int8")
    if not names:
        return REFERENCE
    file, key = user_data_dir() / _FILE, _key(bundle)
    remembered = _read(file)
    times = remembered.get(key, {})
    if set(times) != {REFERENCE, *names}:
        times = film_times(bundle, [REFERENCE, *names])
        with contextlib.suppress(OutputError):  # then it is measured again
            write_json(file, {**remembered, key: times})
    best = min(times, key=times.__getitem__)
    return best if times[best] <= _WORTH_IT * times[REFERENCE] else REFERENCE


def film_times(bundle: ModelBundle, precisions: list[str]) -> dict[str, float]:
    """Time a model's graphs on films one after the other, as a scan runs them.

    Returns:
        Precision -> seconds a film, the least of some rounds taken in turns: what
        else the machine does only adds to them.

    Raises:
        BundleError: A graph cannot be loaded.
    """
    card = bundle.card
    size, labels = card.preprocess.size, len(card.labels)
    graphs = {
        name: Graph(
            graph_path(bundle, name),
            size=size,
            labels=labels,
            precision=name,
            for_many=True,
            name=card.name,
        )
        for name in precisions
    }
    noise = np.random.default_rng(0).random((size, size), np.float32) * 255
    films = [(None, noise)] * (8 + 2 * (os.cpu_count() or 1))
    times = dict.fromkeys(precisions, float("inf"))
    for number in range(1 + _ROUNDS):
        for name, graph in graphs.items():
            began = time.perf_counter()
            collections.deque(graph.run_each(films), maxlen=0)
            took = (time.perf_counter() - began) / len(films)
            if number:  # the first round warms up
                times[name] = min(times[name], took)
    return times


def _key(bundle: ModelBundle) -> str:
    """What times depend on; the graph in int8 is no part of a model's hash."""
    model = bundle.sha256[:16]
    if INT8_GRAPH in bundle.card.files:
        model += f" and {bundle.card.files[INT8_GRAPH][:16]}"
    return f"{machine_name()}, model {model}"


def _read(file: Path) -> _Times:
    """What was measured before; nothing where it cannot be read."""
    try:
        return convert(read_json(file, _MAX_BYTES), _Times)
    except (OSError, ValueError):
        return {}
