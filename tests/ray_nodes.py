"""A cluster of several nodes on this machine, that nothing of outlives a test.

Run as a program it holds the nodes, and starts and kills them as it is told.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

import psutil

from core.cluster.cluster import ALONE, SILENT
from tests.processes import end_all
from tests.scan_folder import ROOT

_HOST = "127.0.0.1"
_STORE_BYTES = 100 << 20
#: The head asks nodes whether they are there oftener than it would, and believes the
#: first that nobody hears: else half a minute may pass before one that is gone is
#: missed. One that is only slow has as long as ever to answer.
_WATCHFUL = {
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "1",
}


class RayNodes:
    """Nodes of one core each, on loopback addresses only; the first is the head.

    Attributes:
        address: Of the head node.
        environment: What a program needs to join.
    """

    def __init__(self) -> None:
        # Short: the paths of sockets below it may not exceed 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="hr-", dir="/tmp"))
        (self._folder / "ray_bootstrap_config.yaml").touch()
        self.environment = {
            **os.environ,
            **SILENT,
            **ALONE,
            **_WATCHFUL,
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_TMPDIR": str(self._folder),
            "HOME": str(self._folder),
            "PYTHONPATH": str(ROOT),
        }
        self._holder = subprocess.Popen(
            [sys.executable, "-m", "tests.ray_nodes"],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.address = ""

    def __enter__(self) -> RayNodes:
        try:
            self.address = self._hear()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def start(self) -> None:
        """Start one more node."""
        self._tell("start")

    def kill(self) -> None:
        """End the node that was started last, as a power cut would."""
        self._tell("kill")

    def processes(self) -> list[psutil.Process]:
        """All that belong to the nodes."""
        return psutil.Process(self._holder.pid).children(recursive=True)

    def _tell(self, word: str) -> None:
        assert self._holder.stdin is not None
        self._holder.stdin.write(word + "\n")
        self._holder.stdin.flush()
        self._hear()

    def _hear(self) -> str:
        assert self._holder.stdout is not None
        said = self._holder.stdout.readline().strip()
        assert said, "the holder of the nodes has ended"
        return said

    def _end(self) -> None:
        end_all([psutil.Process(self._holder.pid)])
        self._holder.wait(10)
        for stream in (self._holder.stdin, self._holder.stdout):
            if stream is not None:
                stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _hold() -> None:
    from ray.cluster_utils import Cluster

    said = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    common = {
        "node_ip_address": _HOST,
        "num_cpus": 1,
        "object_store_memory": _STORE_BYTES,
    }
    head = {**common, "include_dashboard": False, "no_monitor": True}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    said.write(cluster.address + "\n")
    nodes = []
    for line in sys.stdin:
        if line.strip() == "start":
            nodes.append(cluster.add_node(**common))
        else:
            cluster.remove_node(nodes.pop(), allow_graceful=False)
        said.write("done\n")


if __name__ == "__main__":
    _hold()
