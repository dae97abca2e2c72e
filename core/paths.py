"""Where things are. The only module that knows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

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


def experiments_dir() -> Path:
    """Folder of all experiments."""
    return user_data_dir() / "experiments"


def shipped_experiments_dir() -> Path:
    """Folder of the pages of experiments that come with the program."""
    return resources_dir() / "experiments"


def searches_dir() -> Path:
    """Folder of all searches."""
    return user_data_dir() / "searches"


def scans_dir() -> Path:
    """Folder of all scans."""
    return user_data_dir() / "scans"


def models_dir() -> Path:
    """Folder of the models that were put to use."""
    return user_data_dir() / "models"


def local_cards_dir() -> Path:
    """Folder of the local cards of models, by the model's hash."""
    return user_data_dir() / "local-cards"


def corrected_films() -> Path:
    """The list of films whose labels were corrected."""
    return user_data_dir() / "corrected-films.csv"


def checks_dir() -> Path:
    """Folder of what checks write until a training starts."""
    return user_data_dir() / "checks"


def weights_dir() -> Path:
    """Folder of starting weights that do not come with the program."""
    return user_data_dir() / "weights"


def patient_salt_file() -> Path:
    """File of the secret that patient ids are hashed with."""
    return user_data_dir() / "patient-salt"


def keep_matplotlib_inside() -> None:
    """Have matplotlib keep its list of fonts among the program's data.

    Comes before it is loaded; otherwise it would write to the home folder.
    """
    # PyInstaller names a folder that goes with the process: a list made each time.
    if is_frozen() or "MPLCONFIGDIR" not in os.environ:
        os.environ["MPLCONFIGDIR"] = str(user_data_dir() / "matplotlib")


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


def _user_dir(kind: str) -> Path:
    if home := os.environ.get("HILUM_HOME"):
        return Path(home) / kind
    import platformdirs

    folder: Path = getattr(platformdirs, f"user_{kind}_path")(_APP, appauthor=False)
    return folder
