"""Where things are. The only module that knows."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from core.errors import OutputError
from core.files import _beside, output_error

#: First word to the one executable of a macOS app that asks for the command line.
CORE_WORD = "--core"

_APP = "Hilum"


def is_frozen() -> bool:
    """Whether this runs from a packaged build rather than from source."""
    return bool(getattr(sys, "frozen", False))


def resources_dir() -> Path:
    """Folder of the files shipped with the program; read-only."""
    if is_frozen():
        return Path(getattr(sys, "_MEIPASS", Path(sys.executable).parent)) / "resources"
    return Path(__file__).resolve().parent.parent / "resources"


def default_bundle_dir() -> Path:
    """Folder of the model bundle that comes with the program."""
    return resources_dir() / "model"


def sample_films() -> list[Path]:
    """The drawn films shipped to try the program with, in a fixed order."""
    return sorted((resources_dir() / "samples").glob("*.png"))


def is_sample(path: Path) -> bool:
    """Whether this is one of the drawn films shipped with the program."""
    return path.absolute().parent == resources_dir() / "samples"


def user_data_dir() -> Path:
    """Folder for what the program keeps. Made by whoever writes there."""
    return _user_dir("data")


def runs_dir() -> Path:
    """Folder of all runs."""
    return user_data_dir() / "runs"


def scans_dir() -> Path:
    """Folder of all scans."""
    return user_data_dir() / "scans"


def models_dir() -> Path:
    """Folder of the models that were put to use."""
    return user_data_dir() / "models"


def checks_dir() -> Path:
    """Folder of what checks write until a training starts."""
    return user_data_dir() / "checks"


def weights_dir() -> Path:
    """Folder of starting weights that do not come with the program."""
    return user_data_dir() / "weights"


def user_config_dir() -> Path:
    """Folder for settings and window state. Made by whoever writes there."""
    return _user_dir("config")


def user_log_dir() -> Path:
    """Folder for logs. Made by whoever writes there."""
    return _user_dir("log")


def core_command() -> list[str]:
    """How to start the command line in a child process."""
    if is_frozen():
        if sys.platform == "darwin":
            return [sys.executable, CORE_WORD]
        suffix = ".exe" if sys.platform == "win32" else ""
        return [str(Path(sys.executable).with_name("core" + suffix))]
    return [sys.executable, "-m", "core"]


def command_name() -> str:
    """What the user calls the command line; packages install it by this name."""
    return "hilum-core" if is_frozen() else "python -m core"


def refuse_impossible_name(path: Path) -> None:
    """Refuse a place that can never be written to: its name is too long, say.

    Raises:
        OutputError: Says why.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise output_error(path, error) from error


def refuse_missing_folder(path: Path) -> None:
    """Refuse a file for a folder that is not there: its name is likely misspelt.

    Raises:
        OutputError: There is no such folder, or the file's name is not possible.
    """
    if not path.name:
        raise OutputError(
            "A file to write needs a name.", hint=f"{path} is the name of a folder."
        )
    refuse_impossible_name(path)
    if not os.path.isdir(path.absolute().parent):
        raise OutputError(
            f"There is no folder {path.parent} to write {path.name} to.",
            hint="Make it first, or choose another place.",
        )


def refuse_unwritable(path: Path) -> None:
    """Find out whether a file or folder could be made, before work is put into it.

    Raises:
        OutputError: As `atomic_write` would.
    """
    path = path.absolute()
    try:
        if path.is_file():
            with open(path, "ab"):
                return
        if path.exists():  # a folder, or something like /dev/null
            return
        place = next(parent for parent in path.parents if parent.exists())
        trial = _beside(place / path.name)
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise output_error(path, error) from error


def _user_dir(kind: str) -> Path:
    if home := os.environ.get("HILUM_HOME"):
        return Path(home) / kind
    import platformdirs

    where: dict[str, Callable[..., Path]] = {
        "data": platformdirs.user_data_path,
        "config": platformdirs.user_config_path,
        "log": platformdirs.user_log_path,
    }
    return where[kind](_APP, appauthor=False)
