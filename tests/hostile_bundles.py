"""Bundles of a stranger: every hash is right, and what they hold is not."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from core.model.archive import pack_bundle
from core.model.bundle import (
    CARD,
    GRAPH,
    GRAPH_WEIGHTS,
    INT8_GRAPH,
    INT8_WEIGHTS,
    peek_bundle,
)
from tests.tiny_bundle import write_tiny_bundle

NAME = "Sent"


def write_hostile_bundle(path: Path, kind: str) -> Path:
    """Write a bundle that is whole by its hashes, and damaged as one of `HOSTILE`."""
    write_tiny_bundle(path, name=NAME)
    HOSTILE[kind](path)
    reseal(path)
    return path


def write_hostile_file(path: Path, kind: str) -> Path:
    """The same as one file."""
    folder = write_hostile_bundle(path.with_suffix(""), kind)
    pack_bundle(peek_bundle(folder), path)
    shutil.rmtree(folder)
    return path


def reseal(path: Path, **fields: Any) -> None:
    """Make a card's hashes those of the files beside it, and set fields of it."""
    card = json.loads((path / CARD).read_text("utf-8")) | fields
    files = sorted(file for file in path.iterdir() if file.name != CARD)
    card["files"] = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }
    (path / CARD).write_text(json.dumps(card), "utf-8")


def _graph_of(path: Path, shift: float) -> None:
    other = write_tiny_bundle(path.with_name(f"{path.name}-other"), shift=shift).path
    for name in (GRAPH, GRAPH_WEIGHTS):
        shutil.copyfile(other / name, path / name)
    shutil.rmtree(other)


def _cut(name: str, share: float) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        whole = (path / name).read_bytes()
        (path / name).write_bytes(whole[: int(len(whole) * share)])

    return cut


def _declare(text: str) -> Callable[[Path], None]:
    def declare(path: Path) -> None:
        head, rest = (path / GRAPH).read_text("utf-8").split("?>", 1)
        (path / GRAPH).write_text(f"{head}?>\n{text}{rest}", "utf-8")

    return declare


def _misshapen(path: Path) -> None:
    """Sort a film's cells into three rows, which one film's do not fill."""
    graph = ov.Core().read_model(path / GRAPH)
    (node,) = [n for n in graph.get_ops() if n.get_type_name() == "Reshape"]
    rows = ops.constant(np.array([3, -1], np.int64))
    node.input(1).replace_source_output(rows.output(0))
    graph.validate_nodes_and_infer_types()
    ov.serialize(graph, path / "new.xml")
    for name in (GRAPH, GRAPH_WEIGHTS):
        (path / f"new{Path(name).suffix}").replace(path / name)


def _fewer_labels(path: Path) -> None:
    card = json.loads((path / CARD).read_text("utf-8"))
    for field in ("labels", "operating_points", "probe"):
        card[field] = card[field][:2]
    reseal(path, **card)


def _int8_without_numbers(path: Path) -> None:
    other = write_tiny_bundle(path.with_name("int8"), shift=float("nan")).path
    shutil.copyfile(other / GRAPH, path / INT8_GRAPH)
    shutil.copyfile(other / GRAPH_WEIGHTS, path / INT8_WEIGHTS)
    shutil.rmtree(other)


#: What is wrong -> how to make it so; each is to be refused with `REASONS`.
HOSTILE: dict[str, Callable[[Path], None]] = {
    "weights that are NaN": lambda path: _graph_of(path, float("nan")),
    "weights that are infinite": lambda path: _graph_of(path, float("inf")),
    "weights of another model": lambda path: _graph_of(path, 0.5),
    "probe that is NaN": lambda path: reseal(path, probe=[float("nan")] * 3),
    "truncated weights": _cut(GRAPH_WEIGHTS, 0.5),
    "no weights": _cut(GRAPH_WEIGHTS, 0),
    "truncated graph": _cut(GRAPH, 0.5),
    "no graph": _cut(GRAPH, 0),
    "external entity": _declare(
        '<!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    ),
    "other document type": _declare('<!DOCTYPE net SYSTEM "http://127.0.0.1/n.dtd">'),
    "graph that cannot be run": _misshapen,
    "fewer labels": _fewer_labels,
    "int8 weights that are NaN": _int8_without_numbers,
}
#: What the refusal says of each.
REASONS = {
    "weights that are NaN": "not numbers",
    "weights that are infinite": "not numbers",
    "weights of another model": "does not compute what its card says",
    "probe that is NaN": "does not compute what its card says",
    "truncated weights": "cannot be loaded",
    "no weights": "cannot be loaded",
    "truncated graph": "cannot be loaded",
    "no graph": "is no XML",
    "external entity": "declares a document type",
    "other document type": "declares a document type",
    "graph that cannot be run": "its graph cannot be run",
    "fewer labels": "for 2 labels",
    "int8 weights that are NaN": "not numbers",
}
