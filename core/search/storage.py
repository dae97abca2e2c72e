"""Where a study is kept: in a journal of its own, or in a database for a team."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import optuna
from optuna.storages import JournalStorage, RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from core.errors import RESUME, CoreError, OutputError, TrainingError
from core.paths import is_frozen

#: A shared database hears of each running trial so often, and gives it up after.
HEARTBEAT_S: Final = 30
SILENCE_S: Final = 120


def open_storage(url: str, journal: Path) -> JournalStorage | RDBStorage:
    """Open a database, or a journal where its address is empty.

    Raises:
        TrainingError: It cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Of parts that it calls experimental, and of being asked without its own loop.
    for message in (".*experimental", "Heartbeat of storage"):
        warnings.filterwarnings("ignore", message)
    with told(url):
        return _database(url) if url else _journal(journal)


def without_password(storage: str) -> str:
    """The address of a database as it may be written down."""
    # As SQLAlchemy reads it: passwords may hold what ends a host elsewhere.
    return re.sub(r"^([^:]*://[^:/@]*):[^@]*@", r"\1:***@", storage)


def _journal(path: Path) -> JournalStorage:
    """The journal of a search, which this process alone writes to."""
    lock = JournalFileOpenLock(str(path))
    # Whoever left that one behind was killed.
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    if path.exists():
        with path.open("rb+") as file:  # without what a kill cut off
            file.truncate(file.read().rfind(b"\n") + 1)
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def _database(url: str) -> RDBStorage:
    if is_frozen():
        raise TrainingError(
            "The packaged Hilum keeps searches in its own folder alone.",
            hint="Leave --storage out, or install Hilum from its source.",
        )
    return RDBStorage(
        url,
        heartbeat_interval=HEARTBEAT_S,
        grace_period=SILENCE_S,
        heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(),
    )


@contextlib.contextmanager
def told(opened: str | None = None) -> Iterator[None]:
    """Say in a sentence what is wrong with a journal or a database.

    Args:
        opened: Address of the database that is being opened, or empty for the
            journal; None for what was open already.
    """
    try:
        yield
    except CoreError:
        raise
    except optuna.exceptions.StorageInternalError as error:
        raise OutputError(
            f"The database of the search does not answer: {_first_line(error)}.",
            hint="See to it.",
            code=RESUME,
        ) from error
    except Exception as error:
        if opened is None or isinstance(error, OSError):
            raise
        if not opened:
            raise TrainingError(
                f"The journal of the search is damaged ({_first_line(error)}).",
                hint="Begin another search.",
            ) from error
        raise TrainingError(
            f"The database of the search cannot be opened: {_first_line(error)}.",
            hint="Give its address as SQLAlchemy has it, such as "
            "sqlite:///C:/searches.db or postgresql://user@host/name, and install "
            "the package that it names.",
        ) from error


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return lines[0].rstrip(".")[:200]
