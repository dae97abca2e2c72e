"""The tests' own disks and rights: nothing is left, and modes count for root too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_disk import as_nobody, tiny_disk

ROOT = Path(__file__).resolve().parent.parent
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.small_disk import keep_mounts_private, tiny_disk
keep_mounts_private()
with tiny_disk(Path(sys.argv[1]), 64) as disk:
    assert os.statvfs(disk).f_blocks * os.statvfs(disk).f_frsize == 64 << 10
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_disk_goes_with_the_process_that_made_it(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "tried", 64):  # skips where nothing may be mounted
        pass
    words = [sys.executable, "-c", KILLED, str(tmp_path / "disk")]
    child = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert child.returncode == -9, child.stderr
    assert not os.path.ismount(tmp_path / "disk")


@pytest.mark.skipif(os.name == "nt", reason="modes say little there")
def test_modes_count_for_a_while(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with as_nobody():
        with pytest.raises(PermissionError):
            (tmp_path / "file").touch()
        assert os.access(os.__file__, os.R_OK)  # wherever Python lies
    tmp_path.chmod(0o755)
    (tmp_path / "file").touch()
