"""The precisions a film can be read in, and what they need."""

from __future__ import annotations

from pathlib import Path

from core.errors import BundleError
from core.model.bundle import GRAPH, INT8_GRAPH, ModelBundle
from core.model.graph import capabilities
from core.paths import command_name

#: The first is the one that two machines agree in.
PRECISIONS = ("float32", "bfloat16", "int8")
#: Precision -> what OpenVINO calls a processor's instructions for it.
_INSTRUCTIONS = {"bfloat16": "BF16", "int8": "INT8"}


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
