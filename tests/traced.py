"""What a program connects to, looks up and writes, as the system itself sees it.

By strace, so on Linux alone.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

_OPENS = ("open", "openat")
_SPEAKS = ("connect", "bind", "sendto", "sendmsg", "sendmmsg")
#: The last path that they are given is there afterwards.
_MAKES = (
    *("creat", "mkdir", "mkdirat", "mknod", "mknodat", "truncate"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
)
#: Read or asked by whoever looks a name up, before any server is.
_NAMES = re.compile(r'"(/etc/resolv\.conf|/run/(systemd/resolve|avahi-daemon)/.*?)"')
_CALL = re.compile(r"(?P<name>\w+)\((?P<words>.*)\) += (?P<result>-?\w+)(?P<at><.*>)?")
_ADDRESS = re.compile(
    r'sin6?_port=htons\((?P<port>\d+)\).*?(?:inet_addr\(|AF_INET6, )"(?P<host>.*?)"'
)
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<(?P<folder>[^>]*)>, )?"(?P<path>[^"]*)"')
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT")
#: Not kept on a disk: devices, shared memory, what the kernel tells of itself.
_NOWHERE = (Path("/dev"), Path("/proc"))
_DNS_PORT = 53
_TIMEOUT_S = 300


@dataclasses.dataclass(frozen=True)
class Trace:
    """What a program and its children did.

    Attributes:
        done: The program's end.
        calls: To other machines, or open to them, and questions to name servers
            wherever these are, as strace tells them.
        looked_up: What was read or asked to turn names into addresses; "localhost"
            has it read too.
        written: Files and folders made, written to or renamed to.
    """

    done: subprocess.CompletedProcess[str]
    calls: list[str]
    looked_up: list[str]
    written: set[Path]


@functools.cache
def cannot_trace() -> str:
    """Why programs cannot be traced here; empty if they can."""
    if shutil.which("strace") is None:
        return "there is no strace here"
    words = ["strace", "-f", "--seccomp-bpf", "-o", os.devnull, "true"]
    tried = subprocess.run(words, capture_output=True, text=True)
    return f"strace: {tried.stderr.strip()}" if tried.returncode else ""


def run_traced(
    words: Sequence[str | Path], *, notes: Path, cwd: Path, env: Mapping[str, str]
) -> Trace:
    """Run a program to its end, with nothing on its stdin.

    Args:
        words: Its command line.
        notes: Folder to make, for what strace writes.
        cwd: Folder to run it in, which it does not leave.
        env: All of its environment.
    """
    notes.mkdir()
    calls = ",".join((*_OPENS, *_SPEAKS, *_MAKES))
    # A file for each process, since lines of several get mixed up; and only these
    # calls are slowed down.
    strace = ["strace", "-ff", "--seccomp-bpf", "-y", "-s", "0", "-e", f"trace={calls}"]
    done = subprocess.run(
        [*strace, "-o", notes / "of", *words],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_TIMEOUT_S,
    )
    lines = [line for path in notes.iterdir() for line in _lines(path)]
    return Trace(
        done,
        calls=[line for line in lines if _is_call(line)],
        looked_up=[line for line in lines if _NAMES.search(line)],
        written={
            path
            for path in (cwd / name for name in _written(lines))
            if not any(path.is_relative_to(folder) for folder in _NOWHERE)
        },
    )


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _is_call(line: str) -> bool:
    return line.startswith(_SPEAKS) and any(
        int(match["port"]) == _DNS_PORT or not _is_here(match["host"])
        for match in _ADDRESS.finditer(line)
    )


def _is_here(host: str) -> bool:
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback


def _written(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        call = _CALL.match(line)
        if call is None or call["result"].startswith("-"):
            continue
        if call["name"] in _MAKES:
            *_, last = _PATH.finditer(call["words"])
            yield os.path.join(last["folder"] or "", last["path"])
        elif call["name"] in _OPENS and call["at"] and _WRITES.search(call["words"]):
            yield call["at"][1:-1].removesuffix(" (deleted)")
