"""Medians, spreads and ratios, and the tables they are printed in."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence

_MEANINGS = {True: "yes", False: "no", None: "–"}
_HEAD = ("what", "Hilum", "compared with", "ratio", "target", "reached")


@dataclasses.dataclass(frozen=True)
class Spread:
    """What repeated measurements came to.

    Attributes:
        median: Half of the values lie on either side.
        low: First quartile.
        high: Third quartile.
        count: Number of values.
    """

    median: float
    low: float
    high: float
    count: int


@dataclasses.dataclass(frozen=True)
class Target:
    """A number to reach.

    Attributes:
        text: As people read it: "at most 0.8 s".
        limit: The number.
        at_least: Whether more is better.
    """

    text: str
    limit: float
    at_least: bool = False

    def is_reached(self, value: float) -> bool:
        """Whether `value` is good enough; the limit itself is."""
        return value >= self.limit if self.at_least else value <= self.limit


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the result.

    Attributes:
        what: The thing measured.
        ours: How this program does, with its unit.
        other: How the alternative does; empty if there is none.
        ratio: One to the other; empty if there is none.
        target: Empty for a figure that is only for orientation.
        reached: Whether the target is reached; None without one.
    """

    what: str
    ours: str
    other: str = ""
    ratio: str = ""
    target: str = ""
    reached: bool | None = None


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles; a single value is all of them.

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("expected at least one value. Received: none")
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(statistics.median(values), low, high, len(values))


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Ratio of each pair that was measured one right after the other.

    A burst of other work on the machine lengthens both of a pair, so these
    vary less than the values do.

    Raises:
        ValueError: The two differ in length.
    """
    return [a / b for a, b in zip(over, under, strict=True)]


def in_words(values: Sequence[float], unit: str) -> str:
    """Median with the quartiles: "0.51 s (0.50 to 0.53)"."""
    found = spread(values)
    digits = _digits(found.median)
    return (
        f"{found.median:.{digits}f} {unit} "
        f"({found.low:.{digits}f} to {found.high:.{digits}f})"
    )


def ratio_in_words(values: Sequence[float]) -> str:
    """Median with the quartiles: "12.1 × (11.8 to 12.5)"."""
    return in_words(values, "×")


def plain_row(
    what: str, values: Sequence[float], unit: str, target: Target | None = None
) -> Row:
    """A row for a figure that is compared with nothing but its target."""
    return Row(
        what,
        in_words(values, unit),
        target=target.text if target else "",
        reached=target.is_reached(spread(values).median) if target else None,
    )


def ratio_row(
    what: str,
    ours: Sequence[float],
    other: Sequence[float],
    unit: str,
    target: Target | None = None,
) -> Row:
    """A row for two things measured in turns.

    Args:
        target: Of how many times the alternative takes what this program
            does; or, where it is an upper limit, of the inverse.
    """
    is_inverse = target is not None and not target.at_least
    pairs = ratios(ours, other) if is_inverse else ratios(other, ours)
    return Row(
        what,
        in_words(ours, unit),
        in_words(other, unit),
        ratio_in_words(pairs),
        target.text if target else "",
        target.is_reached(spread(pairs).median) if target else None,
    )


def row_in_words(row: Row) -> str:
    """A row as lines for the terminal."""
    lines = [f"  {row.what}", f"    Hilum          {row.ours}"]
    if row.other:
        lines.append(f"    compared with  {row.other}")
    if row.ratio:
        lines.append(f"    ratio          {row.ratio}")
    if row.target:
        outcome = "reached" if row.reached else "NOT REACHED"
        lines.append(f"    target         {row.target}: {outcome}")
    return "\n".join(lines)


def markdown_table(rows: Sequence[Row]) -> str:
    """The rows as a table for the README."""
    lines = [_HEAD, ("---",) * len(_HEAD)]
    for row in rows:
        cells = (row.what, row.ours, row.other, row.ratio, row.target)
        lines.append((*(cell or "–" for cell in cells), _MEANINGS[row.reached]))
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines
    )


def _digits(value: float) -> int:
    """Places behind the point that leave three digits that mean something."""
    if value >= 100:
        return 0
    return 1 if value >= 10 else 2
