"""`python -m core experiment`: answer a question by a named comparison."""

from __future__ import annotations

import argparse
import os
import textwrap
from datetime import datetime
from pathlib import Path
from typing import Final

from core.commands.argument_types import (
    add_events,
    add_flags,
    new_folder,
    refuse_more_on_resume,
    refuse_resume_with_overwrite,
    repeats,
)
from core.commands.internal import quieten_tensorflow
from core.commands.job_arguments import command_line, settings_from
from core.commands.work import DONE, SOME_FAILED, Outcome, do_work
from core.errors import TrainingError
from core.experiments.builtin import EXPERIMENTS, experiment_named
from core.experiments.experiment import Experiment, config_of_arm, read_experiment
from core.experiments.record import ExperimentFolder, Record
from core.experiments.work import carry_out, open_experiment, seeds_from
from core.jobs.control import Control
from core.jobs.reporters import Report
from core.paths import experiments_dir
from core.program import edition

#: Of each arm, and of one of a quick run.
_SEEDS, _QUICK_SEEDS = 3, 2
_WIDTH: Final = 88


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="of an experiment, or a JSON file"
    )
    parser.add_argument("--data", type=Path, help="folder per label, or a CSV file")
    parser.add_argument(
        "--seeds", type=repeats, metavar="N", help="of each arm (3; of a quick run 2)"
    )
    parser.add_argument("--out", type=new_folder, metavar="DIR")
    parser.add_argument("--labels", default="", help="in output order, with commas")
    parser.add_argument(
        "--positive", default="", metavar="LABEL", help="of one against the rest"
    )
    parser.add_argument(
        "--set",
        action="append",
        metavar="NAME=VALUE",
        help="one setting of every arm; `train --list-settings` lists them",
    )
    add_flags(
        parser,
        list="say what each experiment compares",
        quick="prove on drawn films that it works",
        resume="go on where it stopped",
        overwrite="replace DIR",
    )
    add_events(parser)
    parser.set_defaults(weights=None, leave_one_source_out=False)


def run(arguments: argparse.Namespace) -> int:
    """Carry an experiment out, or list them; returns 4 if an arm could not be run."""
    if arguments.list:
        print(list_text())  # noqa: T201 - the result
        return DONE
    edition.check_can_train()

    def work(report: Report, control: Control) -> Outcome:
        control.take_signals()
        refuse_resume_with_overwrite(arguments)
        out, record = _asked_for(arguments)
        asked = {"resume": arguments.resume, "overwrite": arguments.overwrite}
        folder = open_experiment(out, record, **asked)
        quieten_tensorflow()
        found = carry_out(folder, report, control)
        status = (
            DONE if all(not arm["not_run"] for arm in found["arms"]) else SOME_FAILED
        )
        said = "\n".join([*found["answer"], "", str(folder.page)])
        return Outcome(folder.page, said, status)

    return do_work(
        arguments,
        work,
        stopped="The experiment was stopped; what was trained is kept.",
        hint="Go on with the same command and --resume.",
    )


def list_text() -> str:
    """Every experiment, for people."""
    parts = ["Experiments. Carry one out with `experiment NAME --data DATA`."]
    for experiment in EXPERIMENTS.values():
        parts += ["", f"{experiment.name}: {experiment.question}"]
        arms = ", ".join(arm.title for arm in experiment.arms)
        for text in (experiment.about, f"Compared: {arms}."):
            parts.append(textwrap.indent(textwrap.fill(text, _WIDTH - 4), "    "))
    return "\n".join(parts)


def _asked_for(arguments: argparse.Namespace) -> tuple[Path, Record | None]:
    """Where, and what; None where it only says to go on."""
    is_told = arguments.name and (arguments.data or arguments.quick)
    if arguments.resume and not is_told:
        refuse_more_on_resume(arguments, "data quick seeds labels positive set")
    if arguments.name is None:
        if arguments.resume and arguments.out:
            return arguments.out.absolute(), None
        raise TrainingError(
            "An experiment needs a name.", hint="--list names those that are built in."
        )
    if arguments.name.endswith(".json"):
        experiment = read_experiment(Path(arguments.name))
    else:
        experiment = experiment_named(arguments.name)
    name = f"{experiment.name}-quick" if arguments.quick else experiment.name
    out = (arguments.out or experiments_dir() / name).absolute()
    if arguments.resume and not is_told:
        return out, None
    return out, _record(arguments, experiment, out)


def _record(arguments: argparse.Namespace, experiment: Experiment, out: Path) -> Record:
    data = arguments.data
    if data is None and arguments.quick:
        data = ExperimentFolder(out).phantoms
    if data is None:
        raise TrainingError(
            "An experiment needs films.",
            hint="Name a folder or manifest with --data, or try it on drawn films "
            "with --quick.",
        )
    changes = settings_from(arguments)
    # Of every arm, so that a setting that is wrong is refused at once.
    configs = [
        config_of_arm(experiment, arm, changes, quick=arguments.quick)
        for arm in experiment.arms
    ]
    seeds = arguments.seeds or (_QUICK_SEEDS if arguments.quick else _SEEDS)
    return Record(
        experiment,
        data.absolute(),
        seeds_from(configs[0].seed, seeds),
        datetime.now().astimezone(),
        quick=arguments.quick,
        changes=changes,
        positive=arguments.positive,
        backend=os.environ.get("KERAS_BACKEND") or "tensorflow",
        command=command_line(arguments.argv),
    )
