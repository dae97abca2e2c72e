"""Whether a cluster can be joined, said within seconds."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from core.cluster.cluster import AUTO, LOCAL, RAY, load_ray
from core.errors import CoreError
from core.paths import is_frozen

_KNOCK_S = 5.0
_ANSWER_S = 15.0
#: Tries in a child whether a cluster takes us: ray itself would wait for minutes,
#: and then end the program.
_KNOCK = """
import logging, os, sys
logging.disable(logging.CRITICAL)
import ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False)
    print("welcome", flush=True)
except Exception as error:
    print(type(error).__name__ + ": " + " ".join(str(error).split()), flush=True)
os._exit(0)
"""


def knock(address: str, check: Callable[[], None]) -> None:
    """Find out in some seconds whether a cluster can be joined.

    Args:
        address: As `connected` takes it.
        check: Called often; may raise to stop.

    Raises:
        CoreError: The package ray is missing, or no cluster takes us in there.
    """
    if is_frozen():
        raise CoreError(
            "The packaged Hilum cannot scan on a cluster.",
            hint="Install Hilum from its source for that.",
        )
    load_ray(address)
    if address == LOCAL:
        return
    if address != AUTO:
        _call(address)
    said = _try(address, check)
    if said != "welcome":
        raise _turned_away(address, said)


def _try(address: str, check: Callable[[], None]) -> str:
    """What a cluster says to a visitor: "welcome", or why not; empty if nothing."""
    child = subprocess.Popen(
        [sys.executable, "-c", _KNOCK, address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    until = time.monotonic() + _ANSWER_S
    try:
        while child.poll() is None and time.monotonic() < until:
            check()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(0.1)
    finally:
        child.kill()
        said = child.communicate()[0].strip()
    return said


def _call(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise CoreError(
            f"{address} is not the address of a cluster.",
            hint="Give host:port of its head node, auto, or local.",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK_S).close()
    except (OSError, OverflowError) as error:
        raise _silent(address) from error


def _turned_away(address: str, said: str) -> CoreError:
    kind, _, reason = said.partition(": ")
    if kind == "AuthenticationError":
        return CoreError(
            f"The cluster at {address} asks for a token that is not here.",
            hint="Copy ~/.ray/auth_token from its head node to this machine.",
        )
    if kind == "RuntimeError" and "ersion mismatch" in reason:
        return CoreError(
            f"The cluster at {address} runs another version of ray or of Python.",
            hint=f"Start it with the Python that Hilum runs with, and {RAY}.",
        )
    if address == AUTO:
        return CoreError(
            "This machine belongs to no cluster.",
            hint="Start one with: ray start --head. Or say --ray local.",
        )
    return _silent(address)


def _silent(address: str) -> CoreError:
    return CoreError(
        f"No cluster answers at {address}.",
        hint="Check the address, and that this machine is a node of the cluster too.",
    )
