"""What a comparison says in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.evaluation.findings import cautions_about
from core.model.bundle import ModelCard
from core.terminal import columns
from core.words import all_of, percent
from core.words import films as in_films

BETTER, WORSE = "better", "worse"
UNCLEAR, NOT_COMPARABLE = "no clear difference", "not comparable"
#: On which the verdict rests: every class counts the same, however rare.
DECIDES = "macro_f1"
#: Independent groups of films below which intervals are too narrow.
_FEW_GROUPS = 30
#: And below which nothing is shown, though all favour one model: of five that do,
#: chance gives as much in 6 of 100 comparisons (sign test).
LEAST_GROUPS = 6

_NAMES = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "mean_auc": "Mean AUC",
    "recall": "Recall",
    "auc": "AUC",
}


def difference_name(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What a row of the differences is of: "Recall, Pneumonia"."""
    name, label = _NAMES.get(row["name"], row["name"]), row["label"]
    return name if label is None else f"{name}, {names.get(label, label)}"


def sentences(result: Mapping[str, Any], card: ModelCard) -> list[str]:
    """Which model is better and how sure that is; `card` is the candidate's."""
    if result["candidate"]["sha256"] == result["in_use"]["sha256"]:
        return ["They are the same model."]
    row = of_name(result, DECIDES)
    if row["difference"] is None:
        return ["These films do not say which is better."]
    if result["groups"] < LEAST_GROUPS:
        return [
            f"{_in_groups(result).capitalize()} cannot show which is better: as much "
            "may be chance."
        ]
    said = [_verdict_sentence(result, row)]
    apart = result["mcnemar"]
    alone, other = apart["only_candidate_right"], apart["only_in_use_right"]
    if alone or other:
        chance = percent(apart["p"])
        said.append(
            f"The candidate alone is right about {in_films(alone)}, the model in use "
            f"alone about {in_films(other)}; two equally good models would differ as "
            f"much by chance with a probability of {chance} (McNemar)."
        )
    else:
        said.append("Both are right about the same films.")
    for label in result["dropped"]:
        said.append(_dropped_sentence(result, label, card.display_name(label)))
    return said


def warnings(
    result: Mapping[str, Any],
    candidate: ModelCard,
    in_use: ModelCard,
    ignored: Sequence[str],
) -> list[str]:
    """What may make a comparison unfair."""
    n, said = result["n"], []
    for key, who, card in (
        ("candidate", "candidate", candidate),
        ("in_use", "model in use", in_use),
    ):
        seen = result["seen"][key]
        if seen is None:
            said.append(
                f"It cannot be known whether the {who}, {card.name}, was trained on "
                "some of these films: it does not say which films it was made with. "
                "If it was, its figures are too good."
            )
        elif seen:
            said.append(
                f"The {who}, {card.name}, was trained or chosen on {seen} of these "
                f"{in_films(n)}: its figures are too good."
            )
    said += cautions_about(candidate.data, candidate.names)
    if result["groups"] < _FEW_GROUPS:
        said.append(f"Here are only {_in_groups(result)}: the intervals are rough.")
    if ignored:
        said.append(
            f"The model in use also knows {all_of(ignored)}; it was asked to "
            "choose among the candidate's labels alone, which is easier."
        )
    return said


def comparison_text(result: Mapping[str, Any], card: ModelCard) -> str:
    """A comparison for the terminal; the card is the candidate's."""
    lines = [f"Warning: {warning}" for warning in result["warnings"]]
    lines += [
        *([""] if lines else []),
        f"Candidate: {result['candidate']['name']}",
        f"In use:    {result['in_use']['name']}",
        f"Films:     {result['n']}",
        f"Verdict:   {result['verdict']}",
        "",
        *result["sentences"],
    ]
    if result["differences"]:
        head = ("", "candidate", "in use", "difference", "95 % interval", "better in")
        rows = [_row(row, card) for row in result["differences"]]
        lines += ["", *columns([head, *rows])]
    return "\n".join(lines)


def of_name(
    result: Mapping[str, Any], name: str, label: str | None = None
) -> Mapping[str, Any]:
    """The row of the differences with this name and label."""
    rows: Sequence[Mapping[str, Any]] = result["differences"]
    return next(row for row in rows if (row["name"], row["label"]) == (name, label))


def _verdict_sentence(result: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    low, high = row["difference_ci"]
    figures = (
        f"macro-F1 is {row['candidate']:.3f} against {row['in_use']:.3f}, a "
        f"difference of {row['difference']:+.3f} (95 % interval {low:+.3f} to "
        f"{high:+.3f}), and it is ahead in {percent(row['better_share'])} of resamples"
    )
    if result["verdict"] == BETTER:
        return f"The candidate is better on these films: its {figures}."
    if result["verdict"] == WORSE:
        worse = "The candidate is worse on these films"
        if high >= 0:
            worse = "The candidate loses more of a class than is allowed"
        return f"{worse}: its {figures}."
    if low > 0:
        reason = "because of what it loses of a class"
        if result["seen"]["candidate"]:
            reason = "because it was trained or chosen on some of these films"
        return f"The candidate cannot be called better {reason}: its {figures}."
    return f"These films do not show which is better: the candidate's {figures}."


def _dropped_sentence(result: Mapping[str, Any], label: str, name: str) -> str:
    row = of_name(result, "recall", label)
    low, high = row["difference_ci"]
    may_be = "With so few films, it may be chance."
    sure = "This is more than chance." if high < 0 else may_be
    return (
        f"The recall of {name} falls by {-row['difference']:.3f}, from "
        f"{row['in_use']:.3f} to {row['candidate']:.3f} (95 % interval of the change "
        f"{low:+.3f} to {high:+.3f}), more than the {result['allowed_drop']:.3g} "
        f"allowed. {sure}"
    )


def _in_groups(result: Mapping[str, Any]) -> str:
    groups = result["groups"]
    kind = "group" if groups == 1 else "groups"
    return f"{in_films(result['n'])} in {groups} independent {kind}"


def _row(row: Mapping[str, Any], card: ModelCard) -> list[str]:
    name = difference_name(row, card.names)
    if row["difference"] is None:
        return [name, *"-----"]
    low, high = row["difference_ci"]
    return [
        name,
        f"{row['candidate']:.3f}",
        f"{row['in_use']:.3f}",
        f"{row['difference']:+.3f}",
        f"{low:+.3f} to {high:+.3f}",
        percent(row["better_share"]),
    ]
