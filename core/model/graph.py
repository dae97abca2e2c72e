"""The exported graph in OpenVINO: the only module that knows it."""

from __future__ import annotations

import collections
import contextlib
import importlib
import io
import re
import sys
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleError, CoreError
from core.model.graph_xml import UnsafeXmlError, refuse_unsafe_xml

# OpenVINO's converter reports its use over the network where this package is
# found; without it, it uses a stub of its own. Hilum makes no such call.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

OUTPUTS = ("logits", "evidence", "embedding")
_RANKS = (2, 4, 2)
#: Precision -> OpenVINO's name of what is computed in. A graph in integers says
#: itself which of its layers are; the rest is float32.
PRECISIONS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}

_CONVERTER = "openvino.tools.ovc"
#: Left in float32 in a graph of integers, for the little that they take: what
#: scales a channel by itself, pools, or computes the result.
_KEPT_TYPES = ("MVN", "Multiply", "Add", "Subtract", "AvgPool", "MaxPool")
_KEPT_LAST = ("ReduceMean", "MatMul")

_Tag = TypeVar("_Tag")

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
        threads: Cores to keep busy at most; all there are if 0.
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
        if precision not in PRECISIONS:
            raise CoreError(
                f"There is no precision called {precision}.",
                hint=f"Choose one of: {', '.join(PRECISIONS)}.",
            )
        # Left to itself OpenVINO takes bfloat16 where the processor has it,
        # and two machines would disagree.
        options = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[precision],
            "PERFORMANCE_HINT": "THROUGHPUT" if for_many else "LATENCY",
        }
        if threads and device == "CPU":
            options["INFERENCE_NUM_THREADS"] = str(threads)
        called = name or str(xml)
        try:
            refuse_unsafe_xml(xml)
        except UnsafeXmlError as error:
            raise BundleError(
                f"The model {called} cannot be loaded: its {xml.name} {error}.",
                hint=_HINT,
            ) from error
        # Loaded here: a third of the start-up time, and not every command needs it.
        core = _openvino().Core()
        try:
            graph = core.read_model(xml, xml.with_suffix(".bin"))
            problem = _mismatch(graph, size, labels)
            compiled = core.compile_model(graph, device, options)
        except (RuntimeError, UnicodeDecodeError) as error:  # it may quote bytes
            raise BundleError(
                f"The model {called} cannot be loaded.",
                hint=f"{_HINT} OpenVINO said: {str(error).strip().splitlines()[-1]}",
            ) from error
        if problem:
            raise BundleError(
                f"The graph of {called} is not what its card describes: {problem}.",
                hint=_HINT,
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
        results = self._request.infer({0: batch}, share_inputs=True)
        return tuple(np.array(results[output]) for output in self._outputs)

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """The logits alone of one batch, as `run` gives them."""
        return self.run(batch)[0]

    def embeddings(
        self, films: Iterable[NDArray[np.float32]]
    ) -> Generator[NDArray[np.float32], None, None]:
        """Run film after film, several at a time, each on a share of the cores.

        A film by itself on one core takes less of it than its part of a batch
        that all cores share. Further films are taken while these are at work.

        Args:
            films: Each (size, size) float32 in [0, 255].

        Yields:
            The embedding (k,) float32 of each film, in their order.
        """
        at_once: int = self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        # As many again wait, so that no core does while the next film is made.
        requests = [self._compiled.create_infer_request() for _ in range(2 * at_once)]
        at_work: collections.deque[Any] = collections.deque()
        try:
            for film in films:
                if len(at_work) < len(requests):
                    request = requests[len(at_work)]
                else:
                    request = at_work.popleft()
                    yield self._embedding(request)
                request.start_async({0: film[np.newaxis, ..., np.newaxis]})
                at_work.append(request)
            while at_work:
                yield self._embedding(at_work.popleft())
        finally:
            for request in at_work:
                request.wait()

    def logits_of_each(
        self, films: Iterable[tuple[_Tag, NDArray[np.float32] | None]]
    ) -> Generator[tuple[_Tag, NDArray[np.float32] | None], None, None]:
        """Run film after film as `embeddings` does, and keep their order.

        Args:
            films: Something that comes back with the result, and (size, size)
                float32 in [0, 255], or None for a film that is not there.

        Yields:
            What came with the film, and its logits (c,) float32, or None.
        """
        at_once: int = self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
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
                while at_work and _is_idle(at_work[0][1]):
                    yield self._done(at_work.popleft(), idle)
            while at_work:
                yield self._done(at_work.popleft(), idle)
        finally:
            for _, request in at_work:
                if request is not None:
                    request.wait()

    def _done(
        self, work: tuple[_Tag, Any], idle: list[Any]
    ) -> tuple[_Tag, NDArray[np.float32] | None]:
        tag, request = work
        if request is None:
            return tag, None
        request.wait()
        logits = np.array(request.get_tensor(self._outputs[0]).data[0])
        idle.append(request)
        return tag, logits

    def _embedding(self, request: Any) -> NDArray[np.float32]:
        request.wait()
        return np.array(request.get_tensor(self._outputs[2]).data[0])


def _is_idle(request: Any) -> bool:
    return request is None or bool(request.wait_for(0))


def capabilities() -> frozenset[str]:
    """What this processor has instructions for: "FP32", "BF16", "INT8"."""
    found = _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return frozenset(map(str, found))


def devices() -> tuple[str, ...]:
    """What OpenVINO can compute on here: "CPU", "GPU", "GPU.1"."""
    return tuple(_openvino().Core().available_devices)


def save_graph(exported: Path, target: Path, *, half: bool) -> None:
    """Name a freshly exported graph's outputs and store it.

    Args:
        exported: The file that Keras wrote, its outputs in the order of
            `OUTPUTS`.
        target: The .xml to write; the weights go beside it.
        half: Whether to store the weights as float16.
    """
    import openvino

    graph = openvino.Core().read_model(exported)
    for output, name in zip(graph.outputs, OUTPUTS, strict=True):
        output.get_tensor().set_names({name})
    # OpenVINO numbers layers through the whole life of a process, and the file's
    # hash names the model: the same network must give the same file.
    for number, node in enumerate(graph.get_ordered_ops()):
        if re.fullmatch(r"[A-Za-z]+_\d+", node.get_friendly_name()):
            node.set_friendly_name(f"{node.get_type_name()}_{number}")
    openvino.save_model(graph, target, compress_to_fp16=half)


def save_int8_graph(
    graph: Path, target: Path, films: Sequence[NDArray[np.float32]]
) -> str:
    """Store a graph whose convolutions compute in 8-bit integers.

    The first and the last convolution stay as they are: they cost little and
    decide much. The outputs are the same three.

    Args:
        graph: The .xml of the graph in float32.
        target: The .xml to write; the weights go beside it.
        films: Each (1, size, size, 1) float32 in [0, 255]; the ranges of the
            values within the network are taken from them.

    Returns:
        What did it, with its version.

    Raises:
        CoreError: NNCF is not installed.
    """
    try:
        nncf = importlib.import_module("nncf")
    except ImportError as error:
        raise CoreError(
            "Making a graph in int8 needs the package nncf, which is not installed.",
            hint="Install it into Hilum's environment with: python -m pip install nncf",
        ) from error
    import openvino

    model = openvino.Core().read_model(graph, graph.with_suffix(".bin"))
    _fold_scale(model)
    nncf.set_log_level("ERROR")
    # Its bars of progress go to stdout, which belongs to results.
    with contextlib.redirect_stdout(io.StringIO()):
        whole = nncf.quantize(
            model,
            nncf.Dataset(films),
            subset_size=len(films),
            ignored_scope=nncf.IgnoredScope(
                names=_kept(model),
                types=[*_KEPT_TYPES, *_KEPT_LAST],
                validate=False,
            ),
        )
    openvino.save_model(whole, target)
    return f"nncf {nncf.__version__}"


def _kept(model: Any) -> list[str]:
    """Names of what stays in float32: all up to the first convolution, the last."""
    nodes = [n for n in model.get_ordered_ops() if n.get_type_name() != "Constant"]
    places = [i for i, n in enumerate(nodes) if n.get_type_name() == "Convolution"]
    first, last = (places[0], places[-1]) if places else (0, 0)
    ends = ("Parameter", "Result")
    kept = [n for n in nodes[: first + 1] if n.get_type_name() not in ends]
    return [node.get_friendly_name() for node in (*kept, nodes[last])]


def _fold_scale(model: Any) -> None:
    """Standardise films of 0 to 255 rather than of 0 to 1, with the same result.

    WORKAROUND (OpenVINO 2026.4): in a graph with integers it takes the division
    by 255 for a scale that standardising undoes, and drops it. But a floor is
    added to the deviation, on the scale of 0 to 1. So the floor is scaled here.
    """
    from openvino import opset13 as ops

    for node in model.get_ordered_ops():
        if node.get_type_name() != "MVN":
            continue
        scaled, fields = node.input_value(0).get_node(), node.get_attributes()
        if scaled.get_type_name() != "Multiply":
            continue
        factor = scaled.input_value(1).get_node()
        while factor.get_type_name() == "Convert":
            factor = factor.input_value(0).get_node()
        if factor.get_type_name() != "Constant" or factor.data.size != 1:
            continue
        mode = fields["eps_mode"].lower()
        power = 2 if mode == "inside_sqrt" else 1  # of the variance, or deviation
        floor = fields["eps"] / float(factor.data.ravel()[0]) ** power
        axes, normalise = node.input_value(1), fields["normalize_variance"]
        plain = ops.mvn(scaled.input_value(0), axes, normalise, floor, mode)
        node.output(0).replace(plain.output(0))
    model.validate_nodes_and_infer_types()


def _openvino() -> Any:
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
