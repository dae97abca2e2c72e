"""What Keras computes on, why it is not a GPU, and how much memory there is."""

from __future__ import annotations

import math
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import psutil

from core.jobs.events import DeviceFound
from core.jobs.failures import MEMORY_WORDS
from core.training.backbones import BACKBONE
from core.training.checks import BACKENDS
from core.training.compiling import has_gpu

_DRIVER = Path("/proc/driver/nvidia/version")
_KINDS = {"ResourceExhaustedError", "OutOfMemoryError"}
_BYTES = 4
#: Share of the outputs that is held at the worst moment, by backend. Measured on
#: a processor at 224 pixels: for 16 films DenseNet121 from layer 100 held 753 MB
#: with TensorFlow (this gives 1,120) and 3,180 MB with PyTorch (3,190).
_KEPT = {"tensorflow": 0.7, "torch": 2.3, "jax": 1.0}
_LIMIT_OF_GROUP = Path("/sys/fs/cgroup/memory.max")
_USED_BY_GROUP = Path("/sys/fs/cgroup/memory.current")


def find_device() -> DeviceFound:
    """The device of this process, and one sentence where it is no GPU."""
    backend = keras.backend.backend()
    if has_gpu():
        return DeviceFound(_gpu_name(backend), "", backend)
    process = psutil.Process()  # which on macOS does not say
    known = process.cpu_affinity() if hasattr(process, "cpu_affinity") else ()
    cores = len(known) or psutil.cpu_count() or 1
    plural = "s" if cores != 1 else ""
    return DeviceFound(
        f"Processor, {cores} core{plural}", _why_no_gpu(backend), backend
    )


def memory_free_and_total() -> tuple[int, int]:
    """Bytes free and in all where the network is trained."""
    if has_gpu() and (found := _ask_driver()):
        return found
    memory = psutil.virtual_memory()
    return memory.available, memory.total


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


def fitting_batch(network: keras.Model, batch: int, devices: int = 1) -> int:
    """The batch, halved until a step of it should fit into the memory there is.

    On a processor no error is raised when memory runs out: the system kills the
    process. So the need is estimated beforehand.

    Args:
        devices: That share a step: a multiple of their number is given.
    """
    if not has_gpu():
        free = available_memory()
        while batch > 1 and bytes_of_step(network, batch) > free:
            batch //= 2
    return max(1, batch // devices) * devices


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


def _why_no_gpu(backend: str) -> str:
    if sys.platform == "darwin":
        return (
            "This build computes on the processor: TensorFlow uses no Apple GPU here; "
            "install PyTorch and choose it under Machine to use the GPU."
            if backend != "torch"
            else "PyTorch finds no Apple GPU, so the processor is used."
        )
    if not _DRIVER.exists() and shutil.which("nvidia-smi") is None:
        return (
            "No NVIDIA driver was found, so the processor is used: with an NVIDIA "
            "card, install its driver; without one, choose feature extraction, which "
            "needs none."
        )
    if backend == "tensorflow" and sys.platform == "win32":
        return (
            "TensorFlow has no GPU support on Windows itself: install PyTorch and "
            "choose it under Machine, or run Hilum in WSL2 or on Linux."
        )
    if backend == "tensorflow":
        import tensorflow

        if not tensorflow.test.is_built_with_cuda():
            return (
                "TensorFlow is installed without CUDA: install "
                f"tensorflow[and-cuda]=={tensorflow.__version__} into the program's "
                "environment, or choose PyTorch under Machine."
            )
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides every GPU, so the processor is used."
    return (
        f"{BACKENDS[backend]} finds no GPU that it can use although there is "
        "a driver: install its build with CUDA."
    )


def _gpu_name(backend: str) -> str:
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return str(torch.cuda.get_device_name())
        return f"Apple GPU of {platform.processor() or 'this Mac'}"
    if backend == "jax":
        import jax

        return str(jax.devices()[0].device_kind)
    import tensorflow as tf

    first = tf.config.list_physical_devices("GPU")[0]
    details = tf.config.experimental.get_device_details(first)
    return str(details.get("device_name", "GPU"))


def _ask_driver() -> tuple[int, int] | None:
    query = ["--query-gpu=memory.free,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(
            ["nvidia-smi", *query], capture_output=True, text=True, timeout=10
        )
        free, total = answer.stdout.splitlines()[0].split(",")
        return int(free) << 20, int(total) << 20
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
        return None
