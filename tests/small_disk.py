"""Disks that are full and folders that may not be written to, for real."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_NOBODY = 65534


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes; skip where unknown."""
    resource = pytest.importorskip("resource", reason="limits are a Unix matter")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores the signal that goes with it, so writes fail with EFBIG.
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def tiny_disk(folder: Path, size_kib: int) -> Iterator[Path]:
    """Mount a disk of that size at `folder`; skip where that is not allowed."""
    if sys.platform != "linux":
        pytest.skip("a small disk is made with Linux's tmpfs")
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(folder)]
    try:
        subprocess.run(["mount", *options], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's right to write everywhere; others keep their own rights."""
    if not hasattr(os, "geteuid"):
        pytest.skip("folders are not made read-only by their mode here")
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter and write to, unlike `tmp_path`."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)
