"""Disks that are full and folders that may not be written to, for real."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

#: Of Linux's capability.h: the version of its structures, and two rights of root.
_CAPABILITIES_3 = 0x20080522
_OVERRULES_MODES, _READS_ALL = 1 << 1, 1 << 2
#: Of sched.h and mount.h.
_NEW_MOUNTS, _PRIVATE, _AND_BELOW = 0x20000, 1 << 18, 1 << 14


def keep_mounts_private() -> None:
    """Let what is mounted from now on go with this process, killed or not.

    To be called before other threads are started, which would not see the mounts.
    """
    if sys.platform == "linux" and os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        if libc.unshare(_NEW_MOUNTS) == 0:
            libc.mount(b"none", b"/", None, _PRIVATE | _AND_BELOW, None)


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


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("thread", ctypes.c_int))


class _Rights(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")
    )


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Be refused what the modes of files refuse, as everybody but root is.

    Of root's rights this thread, and those that it starts, lay down the two that
    overrule modes. Another user could not load what lies in a closed home.
    """
    if not hasattr(os, "geteuid"):
        pytest.skip("folders are not made read-only by their mode here")
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root's rights can be laid down on Linux alone")
    libc = ctypes.CDLL(None, use_errno=True)
    header, rights = _Header(_CAPABILITIES_3, 0), (_Rights * 2)()
    assert libc.capget(ctypes.byref(header), rights) == 0
    before = rights[0].effective
    rights[0].effective = before & ~(_OVERRULES_MODES | _READS_ALL)
    assert libc.capset(ctypes.byref(header), rights) == 0
    try:
        yield
    finally:
        rights[0].effective = before
        assert libc.capset(ctypes.byref(header), rights) == 0


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter and write to, unlike `tmp_path`."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)
