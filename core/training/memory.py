"""When memory runs out, whatever Keras computes with, and how to keep from it."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import keras
import psutil

from core.jobs.failures import MEMORY_WORDS
from core.training.backbones import BACKBONE

_KINDS = {"ResourceExhaustedError", "OutOfMemoryError"}
_BYTES = 4
#: Share of the outputs that is held at the worst moment, by backend. Measured on
#: a processor at 224 pixels: for 16 films DenseNet121 from layer 100 held 753 MB
#: with TensorFlow (this gives 1,120) and 3,180 MB with PyTorch (3,190).
_KEPT = {"tensorflow": 0.7, "torch": 2.3, "jax": 1.0}
_LIMIT_OF_GROUP = Path("/sys/fs/cgroup/memory.max")
_USED_BY_GROUP = Path("/sys/fs/cgroup/memory.current")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Keras's backend means that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ in _KINDS:
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        word in text for word in MEMORY_WORDS
    )


def available_memory() -> int:
    """Bytes that this process may still take: the system's, or its own limit's."""
    free: list[int] = [psutil.virtual_memory().available]
    try:
        limit = _LIMIT_OF_GROUP.read_text("ascii").strip()
        free.append(int(limit) - int(_USED_BY_GROUP.read_text("ascii")))
    except (OSError, ValueError):  # no such system, or no limit
        pass
    if sys.platform != "win32":
        import resource

        limit_of_process = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit_of_process != resource.RLIM_INFINITY:
            free.append(limit_of_process - psutil.Process().memory_info().vms)
    return max(0, min(free))


def fitting_batch(network: keras.Model, batch: int) -> int:
    """The batch, halved until a step of it should fit into the memory there is.

    On a processor no error is raised when memory runs out: the system kills the
    process. So the need is estimated beforehand.
    """
    free = available_memory()
    while batch > 1 and bytes_of_step(network, batch) > free:
        batch //= 2
    return batch


def bytes_of_step(network: keras.Model, batch: int) -> int:
    """About how much memory a step takes besides the weights.

    Of the layers from the first that learns on, the outputs are kept for the
    way back; those before it need the largest two at a time.
    """
    backbone = network.get_layer(BACKBONE)
    sizes = [
        math.prod(layer.output.shape[1:]) * _BYTES for layer in backbone.layers[1:]
    ]
    learns = [bool(layer.trainable_weights) for layer in backbone.layers[1:]]
    first = learns.index(True) if any(learns) else len(sizes)
    passed = 2 * max(sizes[:first], default=0)
    weights: int = sum(math.prod(w.shape) for w in network.trainable_weights)
    kept = _KEPT[keras.backend.backend()] * sum(sizes[first:])
    per_film: float = passed + kept
    return int(batch * per_film + 4 * _BYTES * weights)
