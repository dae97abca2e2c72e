"""What a report comes to, in sentences for people who read nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.evaluation.findings import cautions_about, findings_of
from core.reports.report_json import display_names
from core.words import all_of, percent
from core.words import films as in_films

#: Films of a label below which its figures are rough.
_FEW = 50
#: Expected calibration error up to which probabilities can be taken as they are.
_CALIBRATED = 0.05
#: AUC up to which two labels are hardly told apart.
_HARDLY = 0.7
#: What was blanked -> how a sentence names it, and what a loss by that tells.
_BLANKED: Final = {
    "lungs": (
        "the lungs blanked",
        "What it still gets right, it knows from elsewhere than the lungs.",
    ),
    "all_but_lungs": (
        "everything but the lungs blanked",
        "What it loses, it knew from elsewhere or from where lungs lie.",
    ),
    "frame": (
        "the frame blanked",
        "What it loses, it knew from the borders, marks and letters.",
    ),
}


def summary(report: Mapping[str, Any]) -> list[str]:
    """What the model is worth, the worst about it included."""
    result = report["result"]
    names = display_names(report)
    said = [_overall(result, names), _weakest(result, names), _sources(report, names)]
    error = result["ece"]
    verdict = "should be taken with care"
    if error <= _CALIBRATED:
        verdict = "can be taken about as they are"
    if result["n"] < _FEW:
        verdict = "need more films to be judged"
    said.append(
        f"Its probabilities are off by {100 * error:.1f} points on average and "
        f"{verdict}."
    )
    counts = {names[label]: each["n"] for label, each in result["per_class"].items()}
    if none := [name for name, n in counts.items() if not n]:
        said.append(f"There is no film of {all_of(none)}: of these it shows nothing.")
    few = [f"{name} ({n})" for name, n in counts.items() if 0 < n < _FEW]
    if few:
        whose = "its" if len(few) == 1 else "their"
        said.append(
            f"There are few films of {', '.join(few)}: {whose} figures are rough, as "
            "the intervals show."
        )
    return [sentence for sentence in said if sentence]


def cautions(report: Mapping[str, Any]) -> list[str]:
    """What the reader must know of the job and the data before the figures."""
    said = [*report["notes"], *cautions_about(report["films"], display_names(report))]
    if reason := report["config"].get("accept_leaks"):
        said.insert(
            0,
            "Films that belong together were allowed in different splits, so the "
            f"figures may be too good. The reason that was given: {reason}",
        )
    films = report["films"]
    for reason, count in films.get("left_out", {}).items():
        said.append(f"Left out of the job: {in_films(count)}, {reason}.")
    if count := films.get("unreadable", 0):
        said.append(f"Left out of the job: {in_films(count)} that cannot be read.")
    if count := report["result"].get("unreadable", 0):
        said.append(
            f"Left out of these figures: {in_films(count)} that cannot be read."
        )
    return said


def lung_sentences(probe: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """What `core.evaluation.lung_probes.probe_lungs` found, a line for each figure."""
    said = [
        f"On the films as they are it is right in {percent(probe['accuracy'])}; "
        f"naming the commonest label each time would be in {percent(probe['chance'])}."
    ]
    for name, (what, meaning) in _BLANKED.items():
        if name != "lungs" and probe[name]["accuracy"] >= probe["accuracy"]:
            meaning = "It loses nothing by that."
        said.append(
            f"With {what} it is right in {percent(probe[name]['accuracy'])}"
            f"{_interval(*probe[name]['accuracy_ci'])}. {meaning}"
        )
    for label, part in probe["inside"].items():
        said.append(
            f"{names.get(label, label)}: {percent(part['share'])} of the evidence for "
            f"it lies in the lungs, which cover {percent(part['area'])} of the film."
        )
    return said


def value_in_words(value: Any) -> str:
    """A setting or another value of a record, as people read it."""
    if isinstance(value, Mapping):
        return ", ".join(
            f"{name} {value_in_words(each)}" for name, each in value.items()
        )
    if isinstance(value, list | tuple):
        return ", ".join(value_in_words(each) for each in value) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "–"


def _overall(result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    commonest = max(result["per_class"], key=lambda k: result["per_class"][k]["n"])
    share = result["per_class"][commonest]["n"] / result["n"]
    return (
        f"Of {in_films(result['n'])} it called {percent(result['accuracy'])} rightly"
        f"{_interval(*result['accuracy_ci'])}. Calling every film {names[commonest]} "
        f"would have been right for {percent(share)}."
    )


def _interval(low: float, high: float) -> str:
    """In brackets; nothing where resamples cannot tell, as in a table."""
    return f" (95 % interval {percent(low)} to {percent(high)})" if low < high else ""


def _weakest(result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    each = result["per_class"].items()
    known = {label: rates for label, rates in each if rates["recall"] is not None}
    if not known:
        return ""
    weakest = min(known, key=lambda label: known[label]["recall"])
    strongest = max(known, key=lambda label: known[label]["recall"])
    if weakest == strongest:
        alike = all_of([names[label] for label in known])
        return f"It finds {percent(known[weakest]['recall'])} of {alike}."
    text = (
        f"It finds {names[strongest]} best ({percent(known[strongest]['recall'])} of "
        f"the films) and {names[weakest]} worst ({percent(known[weakest]['recall'])})."
    )
    precise = {k: v for k, v in known.items() if v["precision"] is not None}
    if precise:
        doubtful = min(precise, key=lambda label: precise[label]["precision"])
        share = percent(precise[doubtful]["precision"])
        text += f" When it calls a film {names[doubtful]}, it is right in {share}."
    return text


def _sources(report: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """How much of it may be the hospital rather than the lung."""
    result = report["result"]
    if not result["by_source"]:
        return _without_sources(report["films"])
    within = [e for e in result["within_source"] if e["auc"] is not None]
    if not within:
        return (
            "No source has enough films of two labels, so nothing here shows that it "
            "tells lungs apart and not sources."
        )
    hardest = min(within, key=lambda entry: entry["auc"])
    pair = " from ".join(names.get(label, label) for label in hardest["labels"])
    low, high = hardest["auc_ci"]
    text = (
        f"Within one source, where no trace of its origin can help, it does worst at "
        f"telling {pair} ({hardest['within']}): AUC {hardest['auc']:.2f} (95 % "
        f"interval {low:.2f} to {high:.2f}; 0.5 is chance)."
    )
    if hardest["auc"] < _HARDLY:
        how = "little" if hardest["auc"] > 0.5 else "no"
        text += f" That is {how} better than guessing."
    measured = {frozenset(entry["labels"]) for entry in within}
    pairs = len(result["per_class"]) * (len(result["per_class"]) - 1) // 2
    if len(measured) < pairs:
        text += (
            " Other labels never come from one source here: that it tells those apart "
            "may be the source's doing."
        )
    return text


def _without_sources(films: Mapping[str, Any]) -> str:
    """The same where sources are not known: what the check of the films found."""
    text = "The data does not say where its films come from"
    found = findings_of(films)
    probes = found.probes() if found else {}
    if not probes:
        return (
            f"{text}. If the labels came from different hospitals or collections, some "
            "of this may be what gives those away, not what is seen in lungs."
        )
    red = [seen for seen, probe in probes.items() if probe.is_red]
    if red:
        return (
            f"{text}, and its labels can be told apart by {' and by '.join(red)}: how "
            "much of this is seen in lungs, these figures cannot tell."
        )
    return (
        f"{text}. Neither the files nor the rims of the films give their labels away, "
        "but something else that comes with a hospital may."
    )
