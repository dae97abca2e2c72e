"""Print the project's figures: `python -m tests.benchmarks [--quick]`.

Each is measured against its alternative in the same run, the two in turns, so that
what else the machine does hits both. No figure fails the run: the exit status says
only whether they could be taken.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from core.bundle import WEIGHTS, ModelBundle, read_bundle
from core.errors import CoreError
from core.paths import atomic_write, default_bundle_dir
from tests.benchmarks import first_verdict, machine, memory, one_verdict
from tests.benchmarks.child import ChildError, python, run_once
from tests.benchmarks.figures import Row, markdown_table, row_in_words

_NOTES = """\
Each value is the median, with the quartiles in brackets; a ratio is the median of the
ratios of neighbouring measurements. TensorFlow's side loads the same weights from a
.keras file saved beforehand, reads and preprocesses the film with the same code, and
gets logits and feature maps from one `predict`, so that the GradientTape of Grad-CAM
runs through the head alone; no XLA, oneDNN on, its log off. Times of fresh processes
run until the verdict is printed. Hilum's single verdict includes the preprocessing
that the Keras side is spared."""


def main() -> int:
    """Parse the command line, measure and print.

    Returns:
        0, whatever the figures; 2 if they could not be taken.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--model", type=Path, help="a bundle; else the default")
    parser.add_argument("--quick", action="store_true", help="few repeats")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value")
    wishes = parser.parse_args()
    try:
        bundle = read_bundle((wishes.model or default_bundle_dir()).resolve())
        if WEIGHTS not in bundle.card.files:
            _say(f"The bundle has no {WEIGHTS} to rebuild the Keras network from.")
            return 2
        values = _measure(bundle, quick=wishes.quick)
        if wishes.json:
            with atomic_write(wishes.json) as partial:
                text = json.dumps(values, indent=1, ensure_ascii=False)
                partial.write_text(text + "\n", "utf-8")
    except CoreError as error:
        _say(f"{error} {error.hint}".rstrip())
        return 2
    except ChildError as error:
        _say(str(error))
        return 2
    return 0


def _measure(bundle: ModelBundle, *, quick: bool) -> dict[str, Any]:
    facts = machine.description(bundle)
    for name, value in facts.items():
        _say(f"{name:10} {value}")
    was_busy = machine.is_busy()
    films = machine.films()
    rows: list[Row] = []
    values: dict[str, Any] = {"machine": facts}
    with tempfile.TemporaryDirectory(prefix="hilum-benchmarks-") as folder:
        keras_file = Path(folder) / "network.keras"
        builder = "tests.benchmarks.keras_side"
        run_once(python(builder, "build", bundle.path, keras_file))

        _say("\nFrom the interpreter's start to the first verdict")
        values["first_verdict"] = []
        for film in films:
            first = first_verdict.measure(
                film, bundle.path, keras_file, 2 if quick else 7
            )
            values["first_verdict"].append(first_verdict.to_json(first))
            _say(first_verdict.agreement(first))
            _show(first_verdict.rows(first), rows)

        _say("\nOne verdict of a loaded model")
        big = one_verdict.film_of_side(films[0])
        repeats = 8 if quick else 60
        single = one_verdict.measure(bundle, big, keras_file, repeats)
        heat = one_verdict.measure_heatmap(bundle, big, 2 * repeats)
        values["one_verdict"] = one_verdict.to_json(single, heat)
        _say(one_verdict.agreement(single))
        _show(one_verdict.rows(single, heat), rows)

    if sys.platform == "linux":  # others do not tell a process's memory this way
        _say("\nMemory of the window")
        found = memory.measure(films, bundle.path, 1 if quick else 3)
        values["memory"] = memory.to_json(found)
        _show(memory.rows(found), rows)
    if was_busy or machine.is_busy():
        load = os.getloadavg()[0]
        _say(
            f"\nOTHER PROGRAMS ARE BUSY (load {load:.1f}): times here are too long; "
            "ratios and memory say more."
        )
    table = markdown_table(rows)
    _say(f"\n{_NOTES}\n\n{table}")
    return {**values, "table": table}


def _show(found: list[Row], rows: list[Row]) -> None:
    for row in found:
        _say(row_in_words(row))
    rows += found


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - for people


if __name__ == "__main__":
    sys.exit(main())
