"""The precisions of a scan, side by side: the whole command, small and large."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from core.model.bundle import ModelBundle
from core.model.precision import FAST, REFERENCE
from core.scan.results import read_labels, read_rows
from tests.benchmarks.child import ChildError, python, run_once
from tests.benchmarks.figures import Row, Target, plain_row, ratio_row
from tests.benchmarks.scanning import precisions

_SIDE = "tests.benchmarks.scan_side"
_LITTLE = Target("at most 2 %", 2.0)


@dataclasses.dataclass(frozen=True)
class Precisions:
    """What scans of the same films took.

    Attributes:
        wall_s: Precision, or "fast" -> seconds of the command, a round each.
        cpu_s: The same, processor time.
        chosen: What *fast* came to.
        first_s: Its first scan, in which it times the precisions.
        check_share: Precision -> share of a scan's processor time that the
            comparison took, per cent, a round each.
        checked: Precision -> films that were compared, a round each.
    """

    wall_s: dict[str, list[float]]
    cpu_s: dict[str, list[float]]
    chosen: str
    first_s: float
    check_share: dict[str, list[float]]
    checked: dict[str, list[int]]


def measure(bundle: ModelBundle, films: Path, folder: Path, rounds: int) -> Precisions:
    """Scan films in each precision and in the one that is chosen, in turns."""
    home = folder / f"home-{films.name}"
    names = precisions(bundle)

    def scan(name: str) -> tuple[float, float, str]:
        out = folder / "precision.csv"
        words = [films, "--out", out, "--overwrite", "--model", bundle.path]
        command = python(_SIDE, "command", *words, "--precision", name)
        answer = run_once(command, HILUM_HOME=str(home)).answer
        if answer["status"] != 0:
            raise ChildError(f"A scan in {name} ended with {answer['status']}.")
        (used,) = {row.precision for row in read_rows(out, read_labels(out))}
        return answer["wall_s"], answer["cpu_s"], used

    first_s, _, chosen = scan(FAST)
    wall: dict[str, list[float]] = {name: [] for name in (*names, FAST)}
    cpu: dict[str, list[float]] = {name: [] for name in (*names, FAST)}
    share: dict[str, list[float]] = {name: [] for name in names[1:]}
    checked: dict[str, list[int]] = {name: [] for name in names[1:]}
    for _ in range(rounds):
        for name in wall:
            passed, used, _ = scan(name)
            wall[name].append(passed)
            cpu[name].append(used)
        for name in names[1:]:
            found = run_once(python(_SIDE, "check", bundle.path, films, name)).answer
            share[name].append(100 * found["check_s"] / found["s"])
            checked[name].append(found["films"])
    return Precisions(wall, cpu, chosen, first_s, share, checked)


def rows(found: Precisions, count: int) -> list[Row]:
    """What is said of them."""
    said = []
    for name in found.wall_s:
        if name == REFERENCE:
            continue
        called = f"{FAST}, here {found.chosen}" if name == FAST else name
        for what, times in (("", found.wall_s), ("processor time of ", found.cpu_s)):
            text = f"{what}a scan of {count} films in {called}, against {REFERENCE}"
            said.append(ratio_row(text, times[name], times[REFERENCE], "s"))
    for name, shares in found.check_share.items():
        row = plain_row(
            f"share of a scan of {count} films in {name} that the comparison took",
            shares,
            "%",
            _LITTLE,
        )
        films = sorted(set(found.checked[name]))
        text = f"{films[0]} to {films[-1]} films compared"
        said.append(dataclasses.replace(row, other=text))
    text = f"first scan of {count} films in {FAST}, which may time the precisions"
    return [*said, plain_row(text, [found.first_s], "s")]
