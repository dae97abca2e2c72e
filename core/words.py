"""Numbers in words."""

from __future__ import annotations

from collections.abc import Sequence

_MAX_NAMED = 5


def films(count: int) -> str:
    """Say "1 film" or "2,000 films"."""
    return "1 film" if count == 1 else f"{count:,} films"


def some(names: Sequence[str]) -> str:
    """The first of these names, and whether there are others."""
    more = ", and others" if len(names) > _MAX_NAMED else ""
    return ", ".join(names[:_MAX_NAMED]) + more


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


def percent(probability: float) -> str:
    """A probability for people; never rounded to a certainty it is not."""
    if 0 < probability < 0.01:
        return "under 1 %"
    if 0.99 < probability < 1:
        return "over 99 %"
    return f"{probability:.0%}".replace("%", " %")
