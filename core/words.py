"""Numbers in words."""

from __future__ import annotations

from collections.abc import Sequence

_MAX_NAMED = 5
#: Of a percentage: those of the operating points, which cards hold to 1e-5.
_DECIMALS = 3


def films(count: int, which: str = "") -> str:
    """Say "1 film" or "2,000 films"; of some kind, "2 independent films"."""
    noun = f"{which} film".lstrip()
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def some(names: Sequence[str]) -> str:
    """The first of these names, and whether there are others."""
    more = ", and others" if len(names) > _MAX_NAMED else ""
    return ", ".join(names[:_MAX_NAMED]) + more


def in_sentence(name: str) -> str:
    """A finding's name within a sentence: "pneumonia", but "COVID-19" and "X-ray"."""
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def all_of(names: Sequence[str], joint: str = "and") -> str:
    """Names in a row: "COVID-19, Normal and Pneumonia", or with another joint."""
    *most, last = names
    return f"{', '.join(most)} {joint} {last}" if most else last


def any_of(names: Sequence[str]) -> str:
    """Findings within a sentence: "COVID-19, tuberculosis or pneumonia"."""
    return all_of(list(map(in_sentence, names)), "or")


def duration_in_words(seconds: float) -> str:
    """A length of time as people say it: "about 12 minutes"."""
    if seconds < 50:
        tens = max(10, round(seconds / 10) * 10)
        return "a few seconds" if seconds < 8 else f"about {tens} seconds"
    minutes = round(seconds / 60)
    if minutes < 60:
        return "about a minute" if minutes <= 1 else f"about {minutes} minutes"
    if minutes < 60 * 24:
        hours, rest = divmod(5 * round(minutes / 5), 60)
        text = "about an hour" if hours == 1 else f"about {hours} hours"
        return f"{text} and {rest} minutes" if rest else text
    days = minutes / (60 * 24)
    return f"about {days:.1f} days".replace(".0 days", " days")


def percent(probability: float, point: float | None = None) -> str:
    """A probability for people; never rounded to a certainty it is not.

    Args:
        point: The operating point that it is measured by, which `exact_percent` shows.
            The two then compare as the numbers do, with as many decimals as it takes.
    """
    share = 100 * probability
    mark = None if point is None else round(100 * point, _DECIMALS)
    fewest = 0
    for low, high, said in ((0, 1, "under 1 %"), (99, 100, "over 99 %")):
        if mark is not None and low < mark < high:
            fewest = 1
        elif low < share < high:
            return said
    for decimals in range(fewest, _DECIMALS + 1):
        shown = round(share, decimals)
        if 0 < share < 100 and shown in (0, 100):
            continue
        if point is None or (shown >= mark) == (probability >= point):
            return f"{shown:.{decimals}f} %"
    least = 10**-_DECIMALS
    return f"{max(shown - least, least):.{_DECIMALS}f} %"  # a hair below the point


def exact_percent(point: float) -> str:
    """An operating point for people, with the decimals that it has: "74.5 %"."""
    return f"{round(100 * point, _DECIMALS):.10g} %"
