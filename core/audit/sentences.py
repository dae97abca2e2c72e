"""What the check of a data set found, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.audit.shortcuts import MIN_FILMS
from core.data.split import SPLITS
from core.errors import DatasetError
from core.evaluation.findings import patients_sentence, split_sentence
from core.words import films

#: Worst first.
SEVERITIES = ("stop", "warn", "note")
#: Independent films of a label below which a model is weak, and films of the
#: largest label to those of the smallest above which the smallest suffers.
_FEW_FILMS, _LOPSIDED = 50, 4.0
#: Test films of a label below which its rates are hardly more than a guess.
_FEW_TEST_FILMS = 20

Found = Mapping[str, Any]
Sentence = dict[str, str]


def sentences(found: Found, obstacle: DatasetError | None) -> list[Sentence]:
    """The findings as `{severity, text, hint}`, worst first.

    Args:
        found: As `core.audit.audit` describes it, without `sentences`.
        obstacle: Why there is no split, where that is known.
    """
    said = [
        *_about_labels(found, obstacle),
        *_about_leaks(found),
        *_about_shortcuts(found),
        *_about_files(found),
        *_about_copies(found),
        *_about_numbers(found),
        *_about_patients(found),
        *_about_split(found),
    ]
    return sorted(said, key=lambda sentence: SEVERITIES.index(sentence["severity"]))


def _say(severity: str, text: str, hint: str = "") -> Sentence:
    return {"severity": severity, "text": text, "hint": hint}


def _about_labels(found: Found, obstacle: DatasetError | None) -> list[Sentence]:
    if len(found["labels"]) < 2:
        only = ", ".join(found["labels"])
        return [
            _say(
                "stop",
                f"All films have the label {only}: there is nothing to tell apart.",
                "Add films of at least one other label, such as normal films.",
            )
        ]
    if obstacle is not None:
        return [_say("stop", str(obstacle), obstacle.hint)]
    return []


def _about_leaks(found: Found) -> list[Sentence]:
    leaks = found["leaks"]
    if not leaks:
        return []
    files = {file for leak in leaks for file in leak["files"]}
    text = (
        f"{films(len(files))} leak between the given splits, so that the test would "
        f"ask what the training has shown. {leaks[0]['sentence']}"
    )
    if found["split"] is None:
        hint = "Group them: all films of a patient or copy then go to the training."
        return [_say("stop", text, hint)]
    done = (
        "They were grouped: all of them are training films now."
        if found["split"]["origin"] == "regrouped"
        else "Grouping them would have emptied a split, so a new split was made."
    )
    return [_say("note", f"{text} {done}")]


def _about_shortcuts(found: Found) -> list[Sentence]:
    probes = [probe for probe in found["shortcuts"].values() if probe is not None]
    if not probes:
        if len(found["labels"]) < 2:
            return []
        text = (
            "Whether the labels can be told apart without looking at lungs cannot be "
            f"measured: that takes {MIN_FILMS} independent films of two labels."
        )
        return [_say("note", text)]
    said = []
    hint = (
        "A model may learn the hospital or the file format instead of the disease. "
        "Take the films of every label from the same places, and believe only results "
        "on films of one place."
    )
    for probe in probes:
        red = probe["is_red"]
        said.append(_say("warn" if red else "note", probe["sentence"], hint * red))
        hint = hint if not red else ""  # once is enough
    if any(found["sources"]) and any(probe["is_red"] for probe in probes):
        said.append(_comparable(found["comparable"]))
    return said


def _comparable(sources: Mapping[str, list[str]]) -> Sentence:
    if not sources:
        return _say(
            "warn",
            "No source has films of two labels, so no result can be checked within "
            "one place.",
            "Add films of another label from one of the sources.",
        )
    parts = [f"{source} ({', '.join(labels)})" for source, labels in sources.items()]
    return _say(
        "note",
        f"Labels can be compared fairly only within one source: {'; '.join(parts)}.",
    )


def _about_files(found: Found) -> list[Sentence]:
    said = []
    bad = found["unreadable"]
    if bad:
        file, reason = next(iter(bad.items()))
        text = (
            f"{films(len(bad))} cannot be read and will be left out. {file}: {reason}"
        )
        said.append(_say("warn", text, "Export them again, or take them out."))
    for reason, count in found["left_out"].items():
        said.append(_say("note", f"{films(count)} left out: {reason}."))
    sizes, formats = found["sizes"], found["formats"]
    (narrow, wide), (low, high) = sizes["width"], sizes["height"]
    kinds = ", ".join(f"{name} {count:,}" for name, count in formats.items())
    text = f"The films are {narrow} to {wide} pixels wide and {low} to {high} high"
    said.append(_say("note", f"{text} ({kinds})."))
    lateral = {v: n for v, n in found["views"].items() if _is_lateral(v)}
    if lateral:
        text = f"{films(sum(lateral.values()))} show the chest from the side."
        said.append(_say("warn", text, "Take them out: the program knows PA and AP."))
    return said


def _is_lateral(view: str) -> bool:
    return view.upper() in {"LL", "RL"} or "LAT" in view.upper()


def _about_copies(found: Found) -> list[Sentence]:
    said = []
    if found["conflicts"]:
        first = " and ".join(found["conflicts"][0][:2])
        count = len(found["conflicts"])
        what = "One film has" if count == 1 else f"{count:,} films have"
        text = f"{what} copies under different labels, for example {first}."
        said.append(_say("warn", text, "Only one of the labels can be right."))
    extra = sum(len(files) - 1 for files in found["identical"])
    if extra:
        verb = "is" if extra == 1 else "are"
        text = f"{films(extra)} {verb} stored more than once without any change."
        said.append(_say("note", text))
    if found["similar"]:
        pair = found["similar"][0]
        text = (
            f"{_pairs(len(found['similar']))} changed copies, for example "
            f"{pair['files'][0]} and {pair['files'][1]}: {pair['how']}."
        )
        said.append(_say("note", text))
    if said and not found["leaks"]:
        text = "Copies are kept together in one split and count as one film."
        said.append(_say("note", text))
    return said


def _pairs(count: int) -> str:
    return "1 pair of films are" if count == 1 else f"{count:,} pairs of films are"


def _about_numbers(found: Found) -> list[Sentence]:
    if len(found["labels"]) < 2:
        return []
    said = []
    few = {k: n for k, n in found["independent"].items() if n < _FEW_FILMS}
    if few:
        parts = ", ".join(f"{label} {count}" for label, count in few.items())
        text = f"There are few independent films: {parts}."
        hint = "Expect a weak model and wide margins; a few hundred of each are better."
        said.append(_say("warn", text, hint))
    if found["imbalance"] is not None and found["imbalance"] > _LOPSIDED:
        most = max(found["labels"], key=found["labels"].__getitem__)
        least = min(found["labels"], key=found["labels"].__getitem__)
        text = (
            f"There are {found['imbalance']:.0f} times as many films of {most} as of "
            f"{least}."
        )
        hint = "Labels are weighted to count the same, but rare ones stay less sure."
        said.append(_say("warn", text, hint))
    return said


def _about_patients(found: Found) -> list[Sentence]:
    known, total = found["patients"]["known"], found["films"]
    text = patients_sentence(total, known)
    if known == total:
        return [_say("note", f"{text[:-1]} ({found['patients']['origin']}).")]
    hint = "Give a patient column, or a pattern for the patient in the file names."
    return [_say("warn", text, hint)]


def _about_split(found: Found) -> list[Sentence]:
    split = found["split"]
    if split is None:
        return []
    counts = [f"{name} {sum(split['summary'][name].values()):,}" for name in SPLITS]
    patients, grouped = (found["patients"][name] for name in ("known", "grouped"))
    how = split_sentence(split["origin"], found["films"], patients, grouped)
    said = [_say("note", f"{how}: {', '.join(counts)}.")]
    least = min(split["summary"]["test"].items(), key=lambda item: item[1])
    if least[1] < _FEW_TEST_FILMS:
        text = f"Only {films(least[1])} labelled {least[0]} will test the model."
        said.append(_say("warn", text, "Its rates will have very wide margins."))
    return said
