"""What Keras computes on, and why it is not a GPU."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import psutil

from core.jobs.events import DeviceFound
from core.training.checks import BACKENDS
from core.training.compiling import has_gpu

_DRIVER = Path("/proc/driver/nvidia/version")


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


def _why_no_gpu(backend: str) -> str:
    if sys.platform == "darwin":
        return (
            "This build computes on the processor: TensorFlow uses no Apple GPU here; "
            "install PyTorch and choose it under Machine to use the GPU."
            if backend != "torch"
            else "PyTorch finds no Apple GPU, so the processor is used."
        )
    if not _has_driver():
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


def _has_driver() -> bool:
    return _DRIVER.exists() or shutil.which("nvidia-smi") is not None


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
