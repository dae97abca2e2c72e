"""What the check of a data set found, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
#: Shares of films of children by which two labels may differ.
_UNEVEN = 0.1
#: Test films of a label below which its rates are hardly more than a guess.
_FEW_TEST_FILMS = 20

Found = Mapping[str, Any]
Sentence = dict[str, str]


def sentences(found: Found, obstacle: DatasetError | None) -> list[Sentence]:
    """The findings as `{severity, text, hint}`, worst first.

    `obstacle` is why there is no split, where that is known.
    """
    said = [
        *_about_labels(found, obstacle),
        *_about_leaks(found),
        *_about_shortcuts(found),
        *_about_files(found),
        *_about_children(found),
        *_about_copies(found),
        *_about_numbers(found),
        *_about_patients(found),
        *_about_split(found),
    ]
    return sorted(said, key=lambda sentence: SEVERITIES.index(sentence["severity"]))


def _say(severity: str, text: str, hint: str = "") -> Sentence:
    return {"severity": severity, "text": text, "hint": hint}


def _about_labels(found: Found, obstacle: DatasetError | None) -> Iterator[Sentence]:
    if len(found["labels"]) < 2:
        only = ", ".join(found["labels"])
        yield _say(
            "stop",
            f"All films have the label {only}: there is nothing to tell apart.",
            "Add films of at least one other label, such as normal films.",
        )
    elif obstacle is not None:
        yield _say("stop", str(obstacle), obstacle.hint)


def _about_leaks(found: Found) -> Iterator[Sentence]:
    leaks = found["leaks"]
    if not leaks:
        return
    files = {file for leak in leaks for file in leak["files"]}
    text = (
        f"{films(len(files))} leak between the given splits, so that the test would "
        f"ask what the training has shown. {leaks[0]['sentence']}"
    )
    if found["split"] is None:
        hint = "Group them: all films of a patient or copy then go to the training."
        yield _say("stop", text, hint)
        return
    done = "Grouping them would have emptied a split, so a new split was made."
    if found["split"]["origin"] == "regrouped":
        done = "They were grouped: all of them are training films now."
    yield _say("note", f"{text} {done}")


def _about_shortcuts(found: Found) -> Iterator[Sentence]:
    probes = [probe for probe in found["shortcuts"].values() if probe is not None]
    if not probes:
        if len(found["labels"]) > 1:
            yield _say(
                "note",
                "Whether the labels can be told apart without looking at lungs cannot "
                f"be measured: that takes {MIN_FILMS} independent films of two labels.",
            )
        return
    hint = (
        "A model may learn the hospital or the file format instead of the disease. "
        "Take the films of every label from the same places, and believe only results "
        "on films of one place."
    )
    for probe in probes:
        if probe["is_red"]:
            yield _say("warn", probe["sentence"], hint)
            hint = ""  # once is enough
        else:
            yield _say("note", probe["sentence"])
    if any(found["sources"]) and any(probe["is_red"] for probe in probes):
        yield _comparable(found["comparable"])


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


def _about_files(found: Found) -> Iterator[Sentence]:
    if bad := found["unreadable"]:
        file, reason = next(iter(bad.items()))
        text = (
            f"{films(len(bad))} cannot be read and will be left out. {file}: {reason}"
        )
        yield _say("warn", text, "Export them again, or take them out.")
    for reason, count in found["left_out"].items():
        yield _say("note", f"Left out ({reason}): {count:,}.")
    sizes, formats = found["sizes"], found["formats"]
    (narrow, wide), (low, high) = sizes["width"], sizes["height"]
    kinds = ", ".join(f"{name} {count:,}" for name, count in formats.items())
    text = f"The films are {narrow} to {wide} pixels wide and {low} to {high} high"
    yield _say("note", f"{text} ({kinds}).")
    views = [(view.upper(), count) for view, count in found["views"].items()]
    if lateral := sum(n for v, n in views if v in ("LL", "RL") or "LAT" in v):
        verb = "shows" if lateral == 1 else "show"
        text = f"{films(lateral)} {verb} the chest from the side."
        yield _say("warn", text, "Take them out: the program knows PA and AP.")


def _about_children(found: Found) -> Iterator[Sentence]:
    children = found["children"]
    if not children:
        return
    parts = {k: (children.get(k, 0), n) for k, n in found["labels"].items()}
    said = ", ".join(f"{k} {few:,} of {all_:,}" for k, (few, all_) in parts.items())
    text = f"Films of children: {said}."
    shares = [few / all_ for few, all_ in parts.values() if all_]
    if max(shares) - min(shares) <= _UNEVEN:
        yield _say("note", text)
        return
    hint = (
        "A model may learn age instead of the disease. Take the films of children out."
    )
    yield _say("warn", text, hint)


def _about_copies(found: Found) -> Iterator[Sentence]:
    if count := len(found["conflicts"]):
        first = " and ".join(found["conflicts"][0][:2])
        what = "One film has" if count == 1 else f"{count:,} films have"
        text = f"{what} copies under different labels, for example {first}."
        yield _say("warn", text, "Only one of the labels can be right.")
    if extra := sum(len(files) - 1 for files in found["identical"]):
        verb = "is" if extra == 1 else "are"
        text = f"{films(extra)} {verb} stored more than once without any change."
        yield _say("note", text)
    if changed := len(found["similar"]):
        pairs = "1 pair" if changed == 1 else f"{changed:,} pairs"
        pair = found["similar"][0]
        first = " and ".join(pair["files"])
        text = (
            f"{pairs} of films are changed copies, for example {first}: {pair['how']}."
        )
        yield _say("note", text)
    if (count or extra or changed) and not found["leaks"]:
        text = "Copies are kept together in one split and count as one film."
        yield _say("note", text)


def _about_numbers(found: Found) -> Iterator[Sentence]:
    labels = found["labels"]
    if len(labels) < 2:
        return
    few = {k: n for k, n in found["independent"].items() if n < _FEW_FILMS}
    if few:
        parts = ", ".join(f"{label} {count}" for label, count in few.items())
        text = f"There are few independent films: {parts}."
        hint = "Expect a weak model and wide margins; a few hundred of each are better."
        yield _say("warn", text, hint)
    if found["imbalance"] is not None and found["imbalance"] > _LOPSIDED:
        most, least = max(labels, key=labels.get), min(labels, key=labels.get)
        times = f"{found['imbalance']:.0f} times as many films"
        text = f"There are {times} of {most} as of {least}."
        hint = "Labels are weighted to count the same, but rare ones stay less sure."
        yield _say("warn", text, hint)


def _about_patients(found: Found) -> Iterator[Sentence]:
    known, total = found["patients"]["known"], found["films"]
    text = patients_sentence(total, known)
    if known == total:
        yield _say("note", f"{text[:-1]} ({found['patients']['origin']}).")
    else:
        hint = "Give a patient column, or a pattern for the patient in the file names."
        yield _say("warn", text, hint)


def _about_split(found: Found) -> Iterator[Sentence]:
    split = found["split"]
    if split is None:
        return
    counts = [f"{name} {sum(split['summary'][name].values()):,}" for name in SPLITS]
    patients, grouped = (found["patients"][name] for name in ("known", "grouped"))
    how = split_sentence(split["origin"], found["films"], patients, grouped)
    yield _say("note", f"{how}: {', '.join(counts)}.")
    label, least = min(split["summary"]["test"].items(), key=lambda item: item[1])
    if least < _FEW_TEST_FILMS:
        text = f"Only {films(least)} labelled {label} will test the model."
        yield _say("warn", text, "Its rates will have very wide margins.")
