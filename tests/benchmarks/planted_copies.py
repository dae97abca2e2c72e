"""How well planted copies are found, by `tests.benchmarks.leaks` in its own process."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from typing import Any

from tests.benchmarks.child import ChildError, environment, python
from tests.benchmarks.figures import Row, Target, plain_row
from tests.benchmarks.machine import ROOT

_SECONDS = re.compile(r"searched in ([\d.]+) s")
#: "rotation  20 of 20": what was found of each kind, a line each.
_FOUND = re.compile(r"(\S.*?) +(\d+) of (\d+)(?: films \(.*\))?")
AS_PROMISED = "every duplicate and patient, 95 % of copies, 1 % false alarms"
FAST = Target("under 30 s", 30.0)
#: Films that the target is for.
ALL = 2000


@dataclasses.dataclass(frozen=True)
class Found:
    """What the search said of itself.

    Attributes:
        films: That were searched.
        said: Its lines.
        is_as_promised: Whether it found all that it should.
    """

    films: int
    said: list[str]
    is_as_promised: bool

    @property
    def seconds(self) -> float | None:
        """Of the search; None where it did not say."""
        known = [match for line in self.said if (match := _SECONDS.match(line))]
        return float(known[0][1]) if known else None

    @property
    def counts(self) -> list[str]:
        """What was found of each kind: "duplicate 100 of 100"."""
        known = [match for line in self.said if (match := _FOUND.fullmatch(line))]
        return [f"{match[1]} {match[2]} of {match[3]}" for match in known]


def measure(films: int) -> Found:
    """Plant and search among so many films.

    Raises:
        ChildError: The search failed.
    """
    result = subprocess.run(
        python("tests.benchmarks.leaks", "--films", str(films)),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    said = result.stdout.splitlines()
    # It ends with 1 both when it finds too little and when Python fails.
    if result.returncode not in (0, 1) or not any(_SECONDS.match(x) for x in said):
        raise ChildError(f"The search failed:\n{result.stderr[-800:]}")
    return Found(films, said, result.returncode == 0)


def rows(found: Found) -> list[Row]:
    """What is said of it; the time has its target with all the films only."""
    what = f"copies planted among {found.films:,} films"
    words = ", ".join(found.counts)
    result = [Row(what, words, target=AS_PROMISED, reached=found.is_as_promised)]
    if found.seconds is not None:
        what = f"search of {found.films:,} films of 1,024 pixels"
        target = FAST if found.films == ALL else None
        result.append(plain_row(what, [found.seconds], "s", target))
    return result


def to_json(found: Found) -> dict[str, Any]:
    """What was said and found."""
    return dataclasses.asdict(found)
