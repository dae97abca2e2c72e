"""The plain-language answer of an experiment, built from its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.words import films as in_films

BETTER: Final = "better"
WORSE: Final = "worse"
UNCLEAR: Final = "cannot tell"
_QUICK: Final = (
    "This was a quick run: it shows that the experiment works, and says nothing of "
    "X-rays."
)

FIGURES: Final = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "mean_auc": "mean AUC",
}


def verdict_of(compared: Mapping[str, Any]) -> str:
    """Whether an arm is better than the reference.

    It is only where neither interval of the difference spans zero: that over test
    films, and, with several seeds, that over seeds.
    """
    intervals = [compared["films_ci"]]
    if compared["seeds_ci"] is not None:
        intervals.append(compared["seeds_ci"])
    if None in intervals:
        return UNCLEAR
    if all(low > 0 for low, _ in intervals):
        return BETTER
    if all(high < 0 for _, high in intervals):
        return WORSE
    return UNCLEAR


def sentence_of(compared: Mapping[str, Any], films: int, seeds: int) -> str:
    """What a comparison came to."""
    arm, reference = compared["arm"], compared["reference"]
    heads = {
        BETTER: f"{upper(arm)} is better than {reference}",
        WORSE: f"{upper(arm)} is worse than {reference}",
        UNCLEAR: f"One cannot tell whether {arm} is better or worse than {reference}",
    }
    head = heads[compared["verdict"]]
    if compared["difference"] is None:
        return f"{head}: nothing could be measured."
    over = [f"{_span(compared['films_ci'])} over test films"]
    if compared["seeds_ci"] is not None:
        over.append(f"{_span(compared['seeds_ci'])} over {seeds} seeds")
    return (
        f"{head}: {FIGURES[compared['figure']]} {compared['value']:.3f} against "
        f"{compared['reference_value']:.3f} on the same {in_films(films)}, a "
        f"difference of {compared['difference']:+.3f} "
        f"(95 % interval {', and '.join(over)})."
    )


def answer(found: Mapping[str, Any]) -> list[str]:
    """What the experiment says to its question, as sentences."""
    head = [_QUICK] if found["quick"] else []
    if found["comparisons"]:
        return [*head, *(each["sentence"] for each in found["comparisons"])]
    first = found["arms"][0]
    trained = [arm for arm in found["arms"] if arm["figures"]]
    if first["not_run"]:
        return [
            *head,
            f"One cannot tell: {first['title']}, with which the others are to "
            "be compared, was not run.",
        ]
    if len(found["arms"]) > 1:
        return [*head, "One cannot tell: only one of the arms was run."]
    decides = found["experiment"]["decides"]
    figure = next(f for f in trained[0]["figures"] if f["name"] == decides)
    count = found["folds"] or len(found["seeds"])
    what = "folds" if found["folds"] else "seeds"
    said = f"{FIGURES[decides].capitalize()} {figure['value']:.3f}"
    if figure["value_ci"]:
        low, high = figure["value_ci"]
        said += f" (95 % t interval {low:.3f} to {high:.3f})"
    over = f"the mean over {count} {what}" if count > 1 else "with one seed"
    return [*head, f"{said}, {over}."]


def cautions(found: Mapping[str, Any], notes: Sequence[str]) -> list[str]:
    """What to know before the answer is believed."""
    said = [
        f"{upper(arm['title'])} was not run: {arm['not_run']}"
        for arm in found["arms"]
        if arm["not_run"]
    ]
    if found["quick"]:
        said.append(
            "In a quick run films are 32 pixels wide, there are few epochs, every arm "
            "starts from random weights, and is a VGG16 unless backbones are compared."
        )
    if found["left_out"]:
        said.append(
            f"{in_films(found['left_out']).capitalize()} of the test films are of "
            "sources that cannot be left out, and count for no arm."
        )
    return [*said, *notes, *found["data"]["warnings"]]


def what_it_bears(found: Mapping[str, Any]) -> list[str]:
    """What the tests of this experiment can and cannot show."""
    seeds = len(found["seeds"])
    said = []
    if found["folds"]:
        said.append(
            "The films of each fold are tested on by a model that did not learn from "
            "them. Folds share most of their training films, so the interval over "
            "them is somewhat too narrow."
        )
    elif seeds > 1:
        from scipy.stats import t

        least = t.ppf(0.975, seeds - 1) / seeds**0.5
        said.append(
            f"All seeds share one split, so the interval over {seeds} seeds tells what "
            "chance in training does, and nothing of other films or hospitals. A "
            f"paired t test over {seeds} seeds sees a difference only from "
            f"{least:.1f} times its standard deviation from seed to seed on."
        )
    else:
        said.append("One seed alone: what chance in training does was not measured.")
    if found["comparisons"]:
        said.append(
            "The interval over test films is a paired bootstrap of whole patients and "
            "groups, of the mean over seeds. McNemar's test asks, seed by seed, "
            "whether the films that only one of two models calls rightly are more "
            "than chance."
        )
    if len(found["comparisons"]) > 1:
        said.append(
            f"These are {len(found['comparisons'])} comparisons, each at 95 %: one in "
            "twenty such would show a difference where there is none."
        )
    return said


def _span(interval: Sequence[float]) -> str:
    return f"{interval[0]:+.3f} to {interval[1]:+.3f}"


def upper(title: str) -> str:
    """A title at the start of a sentence or a row."""
    return title[:1].upper() + title[1:]
