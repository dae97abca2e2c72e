"""Commands that need Keras, begun in a moment: forks of a process that has loaded it.

Each is a process of its own with its own end, as `python -m core` is, but spares the
seconds in which Keras is loaded. Its VGG16 is that of `tests.small_network`.

Run as a program: python -m tests.keras_server SOCKET
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Backend -> the server and the connection to it; it ends with that.
_SERVERS: dict[str, tuple[subprocess.Popen[bytes], socket.socket]] = {}


class ForkedCommand:
    """A command in a fork of the server; as much of `subprocess.Popen` as is needed.

    Args:
        words: Of `python -m core`.
        backend: What Keras computes with.
        environment: Of the command, whole.
        limits: Limit of `resource` -> its value.
        errors: Takes its stderr.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        backend: str,
        environment: Mapping[str, str],
        limits: Mapping[int, int],
        errors: int,
    ) -> None:
        request = {
            "words": list(words),
            "environment": dict(environment),
            "limits": list(limits.items()),
        }
        stdin, into = os.pipe()
        out, stdout = os.pipe()
        self._told, tell = os.pipe()
        server = _server(backend)
        # The request itself is in a file: a message has a greatest length.
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps(request).encode())
            file.flush()
            ends = [file.fileno(), stdin, stdout, errors, tell]
            socket.send_fds(server, [b"!"], ends)
            for end in (stdin, stdout, tell):
                os.close(end)
            self.stdin = os.fdopen(into, "w", encoding="utf-8")
            self.stdout = os.fdopen(out, "r", encoding="utf-8")
            self.returncode: int | None = None
            self.pid = self._number()

    def _number(self) -> int:
        """What the minder of the command tells next."""
        told = array.array("i")
        data = os.read(self._told, told.itemsize)
        assert data, "the server of Keras has ended"
        told.frombytes(data)
        return told[0]

    def poll(self) -> int | None:
        """The exit status, None before the end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; the exit status."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("train", timeout or 0)
            self.returncode = self._number()
            os.close(self._told)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def _server(backend: str) -> socket.socket:
    """The connection to the server of a backend, which is started if need be."""
    if backend not in _SERVERS:
        ours, theirs = socket.socketpair()
        # What JAX compiled for one command it need not compile for the next.
        compiled = tempfile.mkdtemp(prefix="hilum-jax-")
        atexit.register(shutil.rmtree, compiled, ignore_errors=True)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.keras_server", str(theirs.fileno())],
                cwd=ROOT,
                env={
                    **os.environ,
                    "KERAS_BACKEND": backend,
                    "JAX_COMPILATION_CACHE_DIR": compiled,
                    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
                },
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        _SERVERS[backend] = process, ours
    return _SERVERS[backend][1]


def _serve(connection: socket.socket) -> int:
    """Fork for each request until the connection ends; what a fork's command gives."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # minders leave nothing behind
    while True:
        message, ends, _, _ = socket.recv_fds(connection, 1, 5)
        if not message:
            return 0
        minder = os.fork()
        if minder:
            for end in ends:
                os.close(end)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        connection.close()
        *streams, tell = ends
        command = os.fork()
        if command:
            _mind(command, streams, tell)
        os.close(tell)
        return _run(*streams)


def _mind(command: int, streams: Sequence[int], tell: int) -> None:
    """Tell the command's number and, once it has ended, its exit status."""
    for end in streams:
        os.close(end)
    os.write(tell, array.array("i", [command]).tobytes())
    _, status = os.waitpid(command, 0)
    with contextlib.suppress(BrokenPipeError):
        os.write(tell, array.array("i", [os.waitstatus_to_exitcode(status)]).tobytes())
    os._exit(0)


def _run(request: int, *streams: int) -> int:
    """Become what `python -m core` would be."""
    import resource  # Windows, where nothing is forked, has none

    with os.fdopen(request, "rb") as file:
        file.seek(0)
        asked = json.load(file)
    for number, end in enumerate(streams):
        os.dup2(end, number)
        os.close(end)
    sys.stdin, sys.stdout = open(0), open(1, "w")
    sys.stderr = open(2, "w", buffering=1)
    os.environ.clear()
    os.environ.update(asked["environment"])
    for limit, value in asked["limits"]:
        resource.setrlimit(limit, (value, value))
    sys.argv = [str(ROOT / "core" / "__main__.py"), *asked["words"]]
    from core.__main__ import main

    return main()


if __name__ == "__main__":
    # For the forks, and before Keras, which it keeps from writing elsewhere.
    from core.training import export, preflight, train  # noqa: F401  # isort: skip

    # What every job loads once it is under way, whatever the backend.
    import openvino  # noqa: F401
    import sklearn.cluster  # noqa: F401
    import sklearn.metrics  # noqa: F401
    import tensorflow  # noqa: F401

    from tests.small_network import small_vgg16

    train.keras.applications.VGG16 = small_vgg16
    gc.collect()
    gc.freeze()  # what is there stays, and need not be looked through in every fork
    sys.exit(_serve(socket.socket(fileno=int(sys.argv[1]))))
