"""The exported graph in OpenVINO: the only module that knows it."""

from __future__ import annotations

import collections
import functools
import os
import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleError, CoreError
from core.films.preprocess import PreprocessSpec
from core.model.graph_xml import unsafe_xml

# OpenVINO's converter reports its use over the network where this package is
# found; without it, it uses a stub of its own. Hilum makes no such call.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

OUTPUTS = ("logits", "evidence", "embedding")
_RANKS = (2, 4, 2)
#: Precision -> OpenVINO's name of what is computed in. A graph in integers says
#: itself which of its layers are; the rest is float32.
PRECISIONS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}

#: What Linux tells of the processor, and its words for products of integers.
_PROCESSOR = Path("/proc/cpuinfo")
_DOT_PRODUCTS = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"}
_CONVERTER = "openvino.tools.ovc"

_Tag = TypeVar("_Tag")
_Found: TypeAlias = tuple[NDArray[np.float32], ...]

_HINT = "Copy the model again from where it came, or train it anew."


class Graph:
    """A compiled graph. One thread at a time may run it.

    Args:
        xml: The graph; its weights lie beside it with the suffix .bin.
        size: Side of the square input, pixels.
        labels: Number of outputs.
        precision: "float32", so that two machines agree, "bfloat16", or "int8"
            for a graph that was calibrated.
        for_many: Whether it is to get through many films rather than to be
            quick with one, for `embeddings`.
        threads: Cores to keep busy at most; `cores_granted` if 0.
        device: Of OpenVINO's, one of `devices`.
        name: What errors call the model; the graph's file if empty.

    Raises:
        BundleError: It cannot be loaded, or its input and outputs differ.
        CoreError: There is no such precision.
    """

    def __init__(
        self,
        xml: Path,
        *,
        size: int,
        labels: int,
        precision: str = "float32",
        for_many: bool = False,
        threads: int = 0,
        device: str = "CPU",
        name: str = "",
    ) -> None:
        compiled = compile_graph(
            xml,
            functools.partial(_mismatch, size=size, labels=labels),
            precision=precision,
            for_many=for_many,
            threads=threads,
            device=device,
            name=name or str(xml),
        )
        self._compiled = compiled
        self._request = compiled.create_infer_request()
        self._outputs = [compiled.output(name) for name in OUTPUTS]

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Run one batch.

        Args:
            batch: (n, size, size, 1) float32 in [0, 255].

        Returns:
            logits (n, c), evidence (n, h, w, c) and embedding (n, k), float32,
            owned by the caller.
        """
        # A copy of the batch: OpenVINO writes what another request is given, one that
        # runs meanwhile, where it read that of this one last.
        results = self._request.infer({0: batch})
        return tuple(np.array(results[output]) for output in self._outputs)

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """The logits alone of one batch, as `run` gives them."""
        return self.run(batch)[0]

    def embedding(self, film: NDArray[np.float32]) -> NDArray[np.float32]:
        """The embedding (k,) float32 of one film, (size, size) in [0, 255]."""
        return self.run(film[np.newaxis, ..., np.newaxis])[2][0]

    def embeddings(
        self, films: Iterable[NDArray[np.float32]]
    ) -> Generator[NDArray[np.float32], None, None]:
        """The embedding (k,) float32 of each film, in their order; see `run_each`.

        Args:
            films: Each (size, size) float32 in [0, 255].
        """
        for _, found in self.run_each((None, film) for film in films):
            assert found is not None
            yield found[2]

    def run_each(
        self, films: Iterable[tuple[_Tag, NDArray[np.float32] | None]]
    ) -> Generator[tuple[_Tag, _Found | None], None, None]:
        """Run film after film, several at a time, each on a share of the cores.

        A film by itself on one core takes less of it than its part of a batch
        that all cores share. Further films are taken while these are at work.

        Args:
            films: Something that comes back with the result, and (size, size)
                float32 in [0, 255], or None for a film that is not there.

        Yields:
            What came with the film, and its logits (c,), evidence (h, w, c) and
            embedding (k,) float32, or None; in their order.
        """
        at_once: int = self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        # As many again wait, so that no core does while the next film is made.
        idle = [self._compiled.create_infer_request() for _ in range(2 * at_once)]
        at_work: collections.deque[tuple[_Tag, Any]] = collections.deque()
        try:
            for tag, film in films:
                request = None
                if film is not None:
                    while not idle:
                        yield self._done(at_work.popleft(), idle)
                    request = idle.pop()
                    request.start_async({0: film[np.newaxis, ..., np.newaxis]})
                at_work.append((tag, request))
                # What is done already waits for no further film.
                while at_work and (not at_work[0][1] or at_work[0][1].wait_for(0)):
                    yield self._done(at_work.popleft(), idle)
            while at_work:
                yield self._done(at_work.popleft(), idle)
        finally:
            for _, request in at_work:
                if request is not None:
                    request.wait()

    def _done(
        self, work: tuple[_Tag, Any], idle: list[Any]
    ) -> tuple[_Tag, _Found | None]:
        tag, request = work
        if request is None:
            return tag, None
        request.wait()
        found = tuple(
            np.array(request.get_tensor(output).data[0]) for output in self._outputs
        )
        idle.append(request)
        return tag, found


def compile_graph(
    xml: Path,
    mismatch: Callable[[Any], str],
    *,
    precision: str = "float32",
    for_many: bool = False,
    threads: int = 0,
    device: str = "CPU",
    name: str,
    change: Callable[[Any], Any] = lambda graph: graph,
) -> Any:
    """Load a graph of a model and make it ready to run.

    Args:
        xml: The graph; its weights lie beside it with the suffix .bin.
        mismatch: Says what the graph has other than expected; empty if nothing.
        precision, for_many, threads, device: As `Graph` takes them.
        name: What errors call the model.
        change: Makes the graph that is to run of an expected one.

    Raises:
        BundleError: It cannot be loaded, or is another one than expected.
        CoreError: There is no such precision.
    """
    if precision not in PRECISIONS:
        raise CoreError(
            f"There is no precision called {precision}.",
            hint=f"Choose one of: {', '.join(PRECISIONS)}.",
        )
    # Left to itself OpenVINO takes bfloat16 where the processor has it, and two
    # machines would disagree.
    options = {
        "INFERENCE_PRECISION_HINT": PRECISIONS[precision],
        "PERFORMANCE_HINT": "THROUGHPUT" if for_many else "LATENCY",
    }
    if (threads := threads or cores_granted()) and device == "CPU":
        options["INFERENCE_NUM_THREADS"] = str(threads)
    if why := unsafe_xml(xml):
        raise BundleError(
            f"The model {name} cannot be loaded: its {xml.name} {why}.", hint=_HINT
        )
    # Loaded here: a third of the start-up time, and not every command needs it.
    core = load_openvino().Core()
    try:
        graph = core.read_model(xml, xml.with_suffix(".bin"))
        problem = mismatch(graph)
        compiled = None
        if not problem:
            compiled = core.compile_model(change(graph), device, options)
    except (RuntimeError, UnicodeDecodeError) as error:  # it may quote bytes
        raise BundleError(
            f"The model {name} cannot be loaded.",
            hint=f"{_HINT} OpenVINO said: {str(error).strip().splitlines()[-1]}",
        ) from error
    if problem:
        raise BundleError(
            f"The graph of {name} is not what its card describes: {problem}.",
            hint=_HINT,
        )
    return compiled


def cores_granted() -> int:
    """Cores that the environment grants to what a program computes; 0 is all.

    OpenVINO itself does not ask for what most other such libraries keep to. Where
    other programs are at work, two of its threads wait for each other without
    rest: a verdict then took three times the processor time that one thread takes.
    """
    granted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(granted) if granted.isdecimal() else 0


def capabilities() -> frozenset[str]:
    """What this processor has instructions for: "FP32", "BF16", "INT8".

    OpenVINO lists INT8 wherever it can compute in integers. Without instructions
    for their products that gains little, so Linux is asked for those; elsewhere
    `core.model.precision.fastest` tells by the time that it takes.
    """
    found = load_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    names = frozenset(map(str, found))
    try:
        words = set(_PROCESSOR.read_text("utf-8", "replace").split())
    except OSError:
        return names
    return names if words & _DOT_PRODUCTS else names - {"INT8"}


def machine_name() -> str:
    """This processor and this OpenVINO, which speed depends on."""
    openvino = load_openvino()
    name = openvino.Core().get_property("CPU", "FULL_DEVICE_NAME")
    return f"{name}, {os.cpu_count()} cores, OpenVINO {openvino.__version__}"


def devices() -> tuple[str, ...]:
    """What OpenVINO can compute on here: "CPU", "GPU", "GPU.1"."""
    return tuple(load_openvino().Core().available_devices)


def load_openvino() -> Any:
    """OpenVINO, without its converter where that is not loaded yet.

    The converter takes a third of OpenVINO's loading time. Keras alone calls
    it, to export, so it stays where Keras has been loaded.

    Raises:
        CoreError: It is damaged, or the system lacks a library that it needs.
    """
    if "keras" in sys.modules or "openvino" in sys.modules:
        import openvino

        return openvino
    # OpenVINO does without it where it cannot be imported.
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]
    try:
        import openvino
    except ImportError as error:
        raise CoreError(
            f"OpenVINO, which runs the model, cannot be loaded: {error}.",
            hint="Install what is missing, or Hilum again.",
        ) from error
    finally:
        # Two threads may come here at a time: a window's start and an import.
        sys.modules.pop(_CONVERTER, None)
    return openvino


def _mismatch(graph: Any, size: int, labels: int) -> str:
    """What the graph has other than expected; empty if nothing."""
    names = {name for output in graph.outputs for name in output.get_names()}
    if not set(OUTPUTS) <= names:
        return f"its outputs are {', '.join(sorted(names))}"
    shape = list(graph.input(0).partial_shape)
    expected = [size, size, 1]
    if len(shape) != 4 or not shape[0].is_dynamic or shape[1:] != expected:
        return f"its input is {graph.input(0).partial_shape}"
    for name, rank in zip(OUTPUTS, _RANKS, strict=True):
        given = graph.output(name).partial_shape
        if given.rank.is_dynamic or len(given) != rank:
            return f"its {name} are {given}"
        if name != "embedding" and given[rank - 1] != labels:
            return f"its {name} are {given} for {labels} labels"
    return ""


def probe_input(spec: PreprocessSpec) -> NDArray[np.float32]:
    """A drawn pattern that every machine makes alike, for the self-test.

    Returns:
        (1, size, size, 1) float32 in [0, 255].
    """
    axis = np.linspace(0.0, 1.0, spec.size, dtype=np.float64)
    x, y = np.meshgrid(axis, axis)
    lungs = np.exp(-(((np.abs(x - 0.5) - 0.22) / 0.13) ** 2) - ((y - 0.5) / 0.3) ** 2)
    ribs = 0.08 * np.sin(40.0 * (y + 0.3 * (x - 0.5) ** 2))
    levels = np.clip(0.75 - 0.5 * lungs + ribs, 0.0, 1.0) * 255.0
    return levels.astype(np.float32)[np.newaxis, :, :, np.newaxis]
