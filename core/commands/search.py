"""`python -m core search`: find the settings that train the best model."""

from __future__ import annotations

import argparse
import logging
from datetime import datetime
from pathlib import Path

import msgspec

from core.commands.argument_types import (
    add_events,
    add_files,
    add_flags,
    count,
    given,
    new_folder,
)
from core.commands.internal import quieten_tensorflow
from core.commands.job_arguments import new_job
from core.commands.train import choose_backend, disk_failures
from core.data.dataset import listed_films
from core.errors import TrainingError
from core.files import write_json
from core.jobs.control import Control
from core.jobs.events import JobSucceeded, TrainingEvent
from core.jobs.reporters import Report, StageProgress, begin_report, end_told
from core.model.bundle import is_bundle
from core.outputs import check_file, check_folder, refuse_inputs
from core.program import edition
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder
from core.runs.starting_weights import start_file
from core.search.promote import chosen_row, prepare
from core.search.record import MEASURES, SAMPLERS, SearchRecord, SearchTable, table_text
from core.search.space import Space, config_with, grid_of, read_space, space_from_json
from core.search.store import Search, new_search, read_search
from core.terminal import print_lines
from core.training.checks import check_backend, check_job, check_places

#: Arguments that say what a search is; one that goes on has been told.
_OF_A_NEW_ONE = (
    "data space preset config weights labels set seed sampler measure backend name "
    "no_pruning"
)


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("--data", type=Path, help="folder per label, or a CSV file")
    parser.add_argument(
        "--space", type=Path, metavar="FILE.json", help="what may vary: see the README"
    )
    parser.add_argument("--trials", type=count, metavar="N", help="how many")
    parser.add_argument(
        "--out", type=new_folder, metavar="FOLDER", help="else one among your searches"
    )
    parser.add_argument(
        "--sampler", choices=list(SAMPLERS), help="how settings are drawn (tpe)"
    )
    parser.add_argument(
        "--measure",
        choices=list(MEASURES),
        help="of the validation films, to rank trials by (macro_f1)",
    )
    parser.add_argument("--seed", help="short for --set seed=N", metavar="N")
    parser.add_argument(
        "--storage",
        metavar="URL",
        default="",
        help="database to share with others, such as sqlite:///FILE; else a journal",
    )
    parser.add_argument("--name", help="of the search, and of a study that is shared")
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        default="",
        help="run the trials on a cluster: host:port, auto, or local",
    )
    parser.add_argument(
        "--trial",
        type=int,
        metavar="N",
        help="make the model of this, not the best",
    )
    parser.add_argument("--preset", metavar="NAME", help="as train takes it, with:")
    parser.add_argument("--config", type=Path, metavar="JOB.json")
    parser.add_argument("--weights")
    parser.add_argument("--labels")
    parser.add_argument("--set", action="append", metavar="NAME=VALUE")
    parser.add_argument("--backend", choices=["tensorflow", "jax", "torch"])
    add_flags(
        parser,
        no_pruning="train hopeless trials to their end too",
        no_model="only rank the trials; the test films stay closed",
        resume="go on with the search in FOLDER",
        overwrite="replace the file of --json",
    )
    add_files(parser, json="write the table of trials")
    add_events(parser)
    parser.set_defaults(leave_one_source_out=False)


def run(arguments: argparse.Namespace) -> int:
    """Run the trials, rank them, and make a model of the best."""
    edition.check_can_train()
    quieten_tensorflow()
    # It warns of many networks in one process, which is what a search is.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    control = Control(
        "The search was stopped; what was done is kept.",
        "Go on with --resume and its folder as --out.",
    )
    control.take_signals()
    listener = begin_report(control, as_events=arguments.events, job=arguments.job)
    with end_told(listener):
        search, space = _search(arguments)
        report = listener
        if arguments.job is None:  # the window finds it in its folder all the same
            search.channel.take()
            report = _both(search.channel.tell, listener)
    with end_told(report):
        table = _run(arguments, search, space, report, control)
        report(JobSucceeded(str(search.path)))
    if not arguments.events:
        print_lines(table_text(table, list(space)))
        print_lines(str(search.path if arguments.no_model else search.bundle_dir))
    return 0


def _run(
    arguments: argparse.Namespace,
    search: Search,
    space: Space,
    report: Report,
    control: Control,
) -> SearchTable:
    record = search.record
    check_places([arguments.json], search.path)
    if arguments.ray:
        from core.cluster.probe import check_connection

        check_connection(arguments.ray, control.stop_if_asked)
    dataset = check_job(record.config, record.data)
    choose_backend(record.backend, report)
    from core.search.search import run_search
    from core.training.network import check_network
    from core.training.train import run_job

    check_network(record.config, len(dataset.labels))
    with disk_failures():
        table = run_search(
            search,
            space,
            dataset,
            storage=arguments.storage or record.storage,
            ray=arguments.ray,
            progress=StageProgress(report, control),
        )
        if not arguments.no_model:
            row = chosen_row(search, table, arguments.trial)
            if not is_bundle(search.bundle_dir):
                folder = JobFolder.beside(search.bundle_dir)
                job = folder.job() if folder.exists() else prepare(search, row, folder)
                with folder.at_work():
                    run_job(
                        job.config,
                        dataset,
                        search.bundle_dir,
                        folder=folder,
                        command=job.command,
                        report=_but_the_end(report),
                        control=control,
                    )
                table = search.table()
        if arguments.json is not None:
            write_json(arguments.json, table)
    return table


def _search(arguments: argparse.Namespace) -> tuple[Search, Space]:
    """The search that the arguments describe, in a folder of its own."""
    if arguments.resume:
        return _begun(arguments)
    if arguments.space is None or arguments.trials is None:
        raise TrainingError(
            "A search needs to know what may vary, and how many trials to run.",
            hint="Say it with --space FILE and --trials N.",
        )
    if arguments.seed is not None:
        arguments.set = [*(arguments.set or ()), f"seed={arguments.seed}"]
    job = new_job(arguments)
    space, fields = read_space(arguments.space, job.config)
    sampler = arguments.sampler or "tpe"
    trials = arguments.trials
    if sampler == "grid":
        trials = min(trials, len(grid_of(space)))
    check_job(job.config, job.data)
    _check_starts(job.config, job.backend, space)
    _check_table(arguments, job.data)
    if arguments.out is not None:
        check_folder(arguments.out, overwrite=False, is_own=lambda _: False)
        refuse_inputs([arguments.out], [job.data, arguments.space, arguments.config])
    storage = arguments.storage
    if storage:  # opened once before a folder is made for a search that cannot be
        from core.search.storage import open_storage, without_password

        open_storage(storage, Path()).remove_session()
        storage = without_password(storage)
    record = SearchRecord(
        name=arguments.name or f"Search of {job.config.name}",
        preset=job.preset,
        data=job.data.resolve(),
        started=datetime.now().astimezone().replace(microsecond=0),
        config=job.config,
        space=fields,
        trials=trials,
        sampler=sampler,
        measure=arguments.measure or "macro_f1",
        is_pruned=not arguments.no_pruning,
        storage=storage,
        backend=job.backend,
        command=job.command,
    )
    out = arguments.out and arguments.out.absolute()
    return new_search(record, out), space


def _begun(arguments: argparse.Namespace) -> tuple[Search, Space]:
    """The search that was begun in a folder; it may have more trials than then."""
    more = given(arguments, _OF_A_NEW_ONE)
    if more or arguments.out is None:
        raise TrainingError(
            "A search that goes on is told by its folder alone.",
            hint=f"Leave {', '.join(more)} out." if more else "Name it with --out.",
        )
    search = read_search(arguments.out.absolute())
    if search.damage:
        raise TrainingError(search.damage, hint="Begin another search.")
    record = search.record
    _check_storage(arguments.storage, record)
    space = space_from_json(record.space, record.config)
    _check_starts(record.config, record.backend, space)
    _check_table(arguments, record.data)
    if arguments.trials is not None and arguments.trials != record.trials:
        trials = arguments.trials
        if record.sampler == "grid":
            trials = min(trials, len(grid_of(space)))
        record = msgspec.structs.replace(record, trials=trials)
        search = new_search(record, search.path)
    return search, space


def _check_storage(storage: str, record: SearchRecord) -> None:
    """Its trials are in one place alone; a password is all that may be added."""
    if storage:
        from core.search.storage import without_password

        if without_password(storage) != record.storage:
            raise TrainingError(
                f"The trials of {record.name} are kept in "
                f"{record.storage or 'its own folder'}.",
                hint="Leave --storage out." if not record.storage else "Name that.",
            )


def _both(one: Report, other: Report) -> Report:
    def report(event: TrainingEvent) -> None:
        one(event)
        other(event)

    return report


def _but_the_end(report: Report) -> Report:
    """A report of a training that is not the end of it."""
    return lambda event: None if isinstance(event, JobSucceeded) else report(event)


def _check_starts(config: TrainingConfig, backend: str, space: Space) -> None:
    """Refuse a Keras, or starting weights that are to be tried, that are not here."""
    check_backend(backend)
    names = [name for name in ("backbone", "weights") if name in space]
    for values in grid_of({name: space[name] for name in names}):
        start_file(config_with(config, values))


def _check_table(arguments: argparse.Namespace, data: Path) -> None:
    if arguments.json is not None:
        refuse_inputs([arguments.json], [data], lambda: listed_films(data))
        check_file(arguments.json, overwrite=arguments.overwrite)
