"""Whether a cluster can be joined, said within seconds."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from core.cluster.cluster import AUTO, LOCAL, RAY, answers, load_ray
from core.errors import CoreError
from core.paths import is_frozen

_CONNECT_S = 5.0
_ANSWER_S = 15.0
_WELCOME = "welcome"


def check_connection(address: str, check: Callable[[], None]) -> None:
    """Find out in some seconds whether a cluster can be joined.

    Args:
        address: As `connected` takes it.
        check: Called often; may raise to stop.

    Raises:
        CoreError: The package ray is missing, or no cluster takes us in there.
    """
    if is_frozen():
        raise CoreError(
            "The packaged Hilum cannot work on a cluster.",
            hint="Install Hilum from its source for that.",
        )
    load_ray(address)
    if address == LOCAL:
        return
    if address != AUTO:
        _check_port(address)
    said = _joins(address, check)
    if said != _WELCOME:
        raise _refused(address, said)


def _joins(address: str, check: Callable[[], None]) -> str:
    """What a cluster says to a visitor: `_WELCOME`, or why not; empty if nothing.

    Tried in a child: ray itself would wait for minutes, and then end the program.
    """
    processes = multiprocessing.get_context("spawn")
    ours, theirs = processes.Pipe(duplex=False)
    child = processes.Process(target=_join, args=(address, theirs), daemon=True)
    child.start()
    theirs.close()
    until = time.monotonic() + _ANSWER_S
    try:
        while time.monotonic() < until:
            check()
            if ours.poll(0.1):
                return str(ours.recv())
    except EOFError:  # it ended without a word
        return ""
    finally:
        child.kill()
        child.join()
        ours.close()
    return ""


def _join(address: str, said: Connection) -> None:
    """Join a cluster and say how that went. Runs in a process of its own."""
    logging.disable(logging.CRITICAL)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    try:
        load_ray(address).init(address=address, log_to_driver=False)
        said.send(_WELCOME)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        said.send(f"{type(error).__name__}: {' '.join(str(error).split())}")
    os._exit(0)  # ray would first take its leave


def _check_port(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise CoreError(
            f"{address} is not the address of a cluster.",
            hint="Give host:port of its head node, auto, or local.",
        )
    if not answers(address, _CONNECT_S):
        raise _no_answer(address)


def _refused(address: str, said: str) -> CoreError:
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
    return _no_answer(address)


def _no_answer(address: str) -> CoreError:
    return CoreError(
        f"No cluster answers at {address}.",
        hint="Check the address, and that this machine is a node of the cluster too.",
    )
