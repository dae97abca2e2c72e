"""A cluster of machines by the package ray; the only module that knows it."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.cluster.worker import Plan, facts_here
from core.errors import RESUME, CoreError
from core.films.finder import FoundFilm

#: The version that this was tried with; all nodes need the same.
RAY = "ray==2.60.0"
LOCAL, AUTO = "local", "auto"
_LOOPBACK = "127.0.0.1"
_STORE_BYTES = 128 << 20
#: How long the head node may not answer.
_SILENCE_S = 20.0
#: For ray: told to be silent, it would still report that much, to this address, and
#: ask the cloud's own addresses where it runs. Nobody listens at this one.
SILENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_PROMPT_ENABLED": "0",
    "RAY_USAGE_STATS_REPORT_URL": f"http://{_LOOPBACK}:9/",
    "RAY_enable_metrics_collection": "0",
}
#: Read when ray is loaded: it then takes loopback addresses only, and lets nobody in
#: without a secret. Its workers would stand back for every other program.
ALONE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_worker_niceness": "0",
}
#: Where this file is in the home folder, the cloud's addresses are not asked.
_KNOWN_CLOUD = "ray_bootstrap_config.yaml"


class WorkerLost(Exception):
    """Whoever was asked is gone, and its answer with it."""


@dataclasses.dataclass(frozen=True)
class Node:
    """A machine of the cluster: Ray's id, the name that people know, what it gives."""

    id: str
    name: str
    cores: int
    gpus: int


class Cluster:
    """What a scan asks of a cluster. An answer comes by a token, later."""

    def __init__(self) -> None:
        self._ray = _ray()
        self._head: str = self._ray.get_runtime_context().gcs_address
        self._heard_at = time.monotonic()
        self._known: list[Node] = []

    def nodes(self) -> list[Node]:
        """The machines that are there and give cores.

        Raises:
            CoreError: The cluster does not answer any more.
        """
        if not answers(self._head, 1.0):
            # Asked now, ray would wait for a minute, and then end the program.
            if time.monotonic() - self._heard_at < _SILENCE_S:
                return self._known
            raise CoreError(
                "The cluster does not answer any more; what was done is kept.",
                hint="Start it again.",
                code=RESUME,
            )
        self._heard_at = time.monotonic()
        entries = self._ray.nodes()
        found = []
        for entry in entries:
            given = entry["Resources"]
            cores = int(given.get("CPU", 0))
            if entry["Alive"] and cores:
                name = f"{entry['NodeManagerHostname']} ({entry['NodeManagerAddress']})"
                gpus = int(given.get("GPU", 0))
                found.append(Node(entry["NodeID"], name, cores, gpus))
        self._known = found
        return found

    def look(self, node: Node, folder: Path, samples: Sequence[FoundFilm]) -> Any:
        """Ask a node for its `NodeFacts`."""
        task = self._ray.remote(facts_here).options(
            num_cpus=0, max_retries=0, scheduling_strategy=self._on(node)
        )
        return task.remote(folder, samples)

    def share(self, what: Any) -> Any:
        """Lay a model or films out, so that each node fetches them once."""
        return self._ray.put(what)

    def start(
        self,
        kind: type,
        node: Node,
        plan: Plan,
        *arguments: Any,
        at_once: int = 1,
        **options: Any,
    ) -> Any:
        """Start an actor of a kind on a node, as soon as its cores are free.

        Args:
            at_once: How many of its methods may run at a time.
        """
        actor = self._ray.remote(kind).options(
            num_cpus=plan.cores,
            num_gpus=plan.gpus,
            # What it works on may be what ends it: ray would send the same again,
            # for ever, where `Shards` halves it until one film stands alone.
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=at_once,
            scheduling_strategy=self._on(node),
        )
        return actor.remote(*arguments, **options)

    def ask(self, actor: Any, method: str, *arguments: object) -> Any:
        """Call a method of an actor; what it returns is the answer."""
        return getattr(actor, method).remote(*arguments)

    def end(self, actor: Any) -> None:
        """End an actor at once."""
        self._ray.kill(actor)

    def answered(self, tokens: Sequence[Any], wait_s: float) -> list[Any]:
        """Those whose answer is here, waiting a while for the first."""
        if not tokens:
            time.sleep(wait_s)
            return []
        first, _ = self._ray.wait(tokens, num_returns=1, timeout=wait_s)
        if not first:
            return []
        done, _ = self._ray.wait(tokens, num_returns=len(tokens), timeout=0)
        return list(done)

    def answer(self, token: Any) -> Any:
        """An answer that is here.

        Raises:
            WorkerLost: It will not come.
            Exception: Whatever was raised there.
        """
        errors = self._ray.exceptions
        try:
            return self._ray.get(token)
        except errors.RayTaskError as error:
            raise error.cause from None
        except errors.RayError as error:
            raise WorkerLost(str(error)) from error

    def _on(self, node: Node) -> Any:
        strategies = self._ray.util.scheduling_strategies
        return strategies.NodeAffinitySchedulingStrategy(node.id, soft=False)


def answers(address: str, timeout_s: float) -> bool:
    """Whether anything listens at host:port."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout_s).close()
    except (OSError, OverflowError):
        return False
    return True


@contextlib.contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Join a cluster, and leave it in the end. Does not say why it cannot: see `probe`.

    Args:
        address: host:port of the head node, "auto" for the cluster that this
            machine belongs to, or "local" for one on this machine alone, made
            for the occasion.
    """
    is_local = address == LOCAL
    logging.getLogger("ray").setLevel(logging.ERROR)
    with contextlib.ExitStack() as kept:
        options = kept.enter_context(_secluded()) if is_local else {}
        with _signals_kept():
            ray = load_ray(address)
            kept.callback(ray.shutdown)
            ray.init(
                address=address, log_to_driver=False, logging_level="ERROR", **options
            )
        yield Cluster()


def load_ray(address: str) -> Any:
    """The package, set up for a cluster; loaded by whoever wants one alone.

    Raises:
        CoreError: It is missing.
    """
    os.environ |= SILENT
    if address == LOCAL and "ray" not in sys.modules:
        os.environ |= ALONE | {"RAY_AUTH_TOKEN": secrets.token_hex(32)}
    return _ray()


def _ray() -> Any:
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise CoreError(
            "Work on a cluster takes the package ray, which is not installed.",
            hint=f"Install it beside Hilum: pip install {RAY}",
        ) from error
    # It prints pages on lost nodes to stdout, where results go, whatever it is told.
    ray._private.worker.print_to_stdstream = lambda *_, **__: None
    return ray


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray takes the wish to end for itself; it is the command's to hear."""
    names = (signal.SIGINT, signal.SIGTERM)
    is_main = threading.current_thread() is threading.main_thread()
    handlers = {name: signal.getsignal(name) for name in names}
    try:
        yield
    finally:
        for name, handler in handlers.items():
            if is_main:
                signal.signal(name, handler)


@contextlib.contextmanager
def _secluded() -> Iterator[dict[str, Any]]:
    """Have a cluster made that nobody else can reach, and that leaves nothing.

    Yields:
        What `ray.init` is to be told.
    """
    # The paths of its sockets must be short: not below a long temporary folder.
    short = "/tmp" if os.path.isdir("/tmp") and sys.platform != "win32" else None
    folder = Path(tempfile.mkdtemp(prefix="hilum-ray-", dir=short))
    (folder / _KNOWN_CLOUD).touch()
    home = "USERPROFILE" if sys.platform == "win32" else "HOME"
    before = os.environ.get(home)
    os.environ[home] = str(folder)
    try:
        yield {
            "num_cpus": os.cpu_count() or 1,
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
            "_node_ip_address": _LOOPBACK,
            "_temp_dir": str(folder),
        }
    finally:
        os.environ.pop(home)
        if before is not None:
            os.environ[home] = before
        shutil.rmtree(folder, ignore_errors=True)
