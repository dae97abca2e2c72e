"""What the figures were measured on, and the films they were measured with."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

from core.films.radiograph import read_radiograph
from core.model.bundle import ModelBundle
from core.paths import sample_films

ROOT = Path(__file__).resolve().parents[2]

_PACKAGES = ("openvino", "keras", "tensorflow-cpu", "numpy", "PyQt5")
#: Programs that want a processor, per processor, above which figures are too long.
_BUSY = 0.5


def description(bundle: ModelBundle) -> dict[str, str]:
    """The machine, the libraries and the model, by name."""
    size = bundle.card.preprocess.size
    versions = [f"{name} {_version(name)}" for name in _PACKAGES]
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "software": ", ".join([f"Python {platform.python_version()}", *versions]),
        "model": f"{bundle.card.name}, {size} x {size}, {bundle.sha256[:12]}",
        "load": f"{os.getloadavg()[0]:.1f} programs wanted a processor at the start",
    }


def is_busy() -> bool:
    """Whether other programs take so much that times are too long."""
    return os.getloadavg()[0] / (os.cpu_count() or 1) > _BUSY


def films() -> list[Path]:
    """A drawn sample, and a real film where there are any."""
    return [*sample_films()[:1], *_real_films()]


def film_in_words(path: Path) -> str:
    """What kind of file it is, without its name: "drawn PNG 768 x 768"."""
    facts = read_radiograph(path).facts
    kind = "drawn" if path in sample_films() else "real"
    return f"{kind} {facts.format} {facts.width} x {facts.height}"


def real_films_dir() -> Path:
    """Folder of the real films, if there are any on this machine."""
    default = ROOT.parent / "shared" / "xray"
    return Path(os.environ.get("HILUM_XRAY_DATA", default))


def _real_films() -> list[Path]:
    """The largest PNG of the real films, if they are here."""
    folder = real_films_dir() / "originals"
    found = sorted(folder.glob("*.png"), key=lambda path: path.stat().st_size)
    return found[-1:]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:  # only Linux tells it this way
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.machine()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
