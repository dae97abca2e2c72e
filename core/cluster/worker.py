"""What a node of a cluster does for a scan; it needs no cluster to do it."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.metadata
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import __version__
from core.errors import BundleError, DatasetError
from core.films.finder import FoundFilm, identity, state_if_there
from core.model.bundle import CARD, GRAPH, GRAPH_WEIGHTS, ModelBundle, peek_bundle
from core.model.gate import GATE
from core.model.graph import devices
from core.model.lungs import LUNG_GRAPH, LUNG_WEIGHTS
from core.model.precision import graph_path
from core.scan.row import ScanRow
from core.scan.scanner import Scanner

#: Cores of a worker: more of them for one process hinder each other.
_CORES = 8


@dataclasses.dataclass(frozen=True)
class NodeFacts:
    """How a machine would take part in a scan.

    Attributes:
        version: Of Hilum there.
        devices: That OpenVINO can compute on: "CPU", "GPU", "GPU.1".
        missing: The first film asked for that is not there, or not of the same
            size; empty if all are.
    """

    version: str
    openvino: str
    devices: tuple[str, ...]
    has_folder: bool = True
    missing: str = ""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a worker may use: cores, a device of OpenVINO's, the cluster's GPUs."""

    cores: int
    device: str = "CPU"
    gpus: int = 0


@dataclasses.dataclass(frozen=True)
class ShippedModel:
    """As much of a bundle as a scan needs, to be sent to other machines."""

    sha256: str
    files: dict[str, bytes]


def facts_here(folder: Path, samples: Sequence[FoundFilm]) -> NodeFacts:
    """Look at this machine, and for a few films of the folder."""
    facts = NodeFacts(__version__, importlib.metadata.version("openvino"), devices())
    try:
        identity(folder)
    except DatasetError:
        return dataclasses.replace(facts, has_folder=False)
    absent = [film.file for film in samples if not is_as_listed(folder, film)]
    return dataclasses.replace(facts, missing=absent[0] if absent else "")


def is_as_listed(folder: Path, film: FoundFilm) -> bool:
    """Whether a film is there, and of the size that it was listed with."""
    if film.state is None:
        return True
    state = state_if_there(folder / film.file)
    return state is not None and state.size == film.state.size


def refusal(there: NodeFacts, here: NodeFacts, folder: Path) -> str:
    """Why a node cannot take part, after "it"; empty if it can."""
    if there.version != here.version:
        return f"has Hilum {there.version}, not {here.version}"
    if there.openvino != here.openvino:
        return f"has OpenVINO {there.openvino}, not {here.openvino}"
    if not there.has_folder:
        return f"has no folder {folder}"
    if there.missing:
        return f"has another folder {folder}: it lacks {there.missing}"
    return ""


def plans(cores: int, gpus: Sequence[str], counted: int) -> list[Plan]:
    """Share the cores of a node out among workers, each core once.

    Args:
        cores: That the node gives.
        gpus: OpenVINO's names of the node's GPUs.
        counted: GPUs that the cluster knows of; a worker claims one of these.
    """
    count = min(cores, max(-(-cores // _CORES), len(gpus)))
    return [
        Plan(
            cores // count + (number < cores % count),
            gpus[number] if number < len(gpus) else "CPU",
            int(number < min(len(gpus), counted)),
        )
        for number in range(count)
    ]


def ship(
    bundle: ModelBundle, precision: str = "float32", *, lungs: bool = True
) -> ShippedModel:
    """Pack as much of a verified bundle as a precision needs.

    Args:
        lungs: Whether what finds lungs goes with it, where the bundle has that.

    Raises:
        BundleError: It cannot be read any more, or has no graph for the precision.
    """
    graph = graph_path(bundle, precision)
    names = {CARD, GRAPH, GRAPH_WEIGHTS, graph.name, graph.with_suffix(".bin").name}
    extra = {GATE, LUNG_GRAPH, LUNG_WEIGHTS} if lungs else {GATE}
    names |= extra & set(bundle.card.files)
    try:
        files = {name: (bundle.path / name).read_bytes() for name in sorted(names)}
    except OSError as error:
        raise BundleError(
            f"The model {bundle.path} cannot be read: {error.strerror}.",
            hint="Check that its disk is connected.",
        ) from error
    return ShippedModel(bundle.sha256, files)


class ShardReader:
    """Reads shards of films, one after the other, with one model.

    The model is opened by the first call: to make one costs nothing, and what
    goes wrong then is told like all else.

    Args:
        model: As `ship` packed it.
        options: Precision, threads and device, as `Scanner` takes them.
    """

    def __init__(self, model: ShippedModel, folder: Path, **options: Any) -> None:
        self._model, self._folder = model, folder
        self._options = {**options, "lungs": LUNG_GRAPH in model.files}

    def open(self) -> None:
        """Open the model.

        Raises:
            BundleError: It is not what was sent, or cannot be loaded.
            DatasetError: There is no such folder.
        """
        assert self._scanner is not None

    def read(self, films: Sequence[FoundFilm]) -> list[ScanRow]:
        """Read a shard.

        Raises:
            BundleError: As `open`.
            DatasetError: The folder is gone, or does not answer any more.
        """
        return list(self._scanner.scan(films))

    @functools.cached_property
    def _scanner(self) -> Scanner:
        # Once it is loaded nothing reads the files again.
        with tempfile.TemporaryDirectory(
            prefix="hilum-", ignore_cleanup_errors=True
        ) as scratch:
            bundle = _unpack(self._model, Path(scratch))
            return Scanner(bundle, self._folder, **self._options)


def _unpack(model: ShippedModel, folder: Path) -> ModelBundle:
    """Write a model to a folder after checking that it is the one meant."""
    for name, content in model.files.items():
        (folder / name).write_bytes(content)
    bundle = peek_bundle(folder)
    is_whole = all(
        hashlib.sha256((folder / name).read_bytes()).hexdigest()
        == bundle.card.files.get(name)
        for name in model.files
        if name != CARD
    )
    if bundle.sha256 != model.sha256 or not is_whole:
        raise BundleError(
            f"The model did not arrive whole on {platform.node()}.",
            hint="Check the network and the memory of that machine, then try again.",
        )
    return bundle
