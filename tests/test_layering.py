"""The dependency rules of the project, enforced."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: Low to high: a module imports only from its own room and from rooms before it.
ROOMS = """
core.errors core.paths core.terminal core.regular_file core.records core.json_file
core.outputs core.files core.words core.films core.jobs core.program core.data
core.model core.runs core.evaluation core.reports core.audit core.assembly core.scan
core.training core.training.lungs core.training.trial core.experiments core.cluster
core.search core.filing core.commands core.__main__

desktop.settings desktop.work desktop.style desktop.widgets desktop.jobs desktop.film
desktop.models desktop.diagnose desktop.scan.table desktop.scan desktop.retrain.settings
desktop.retrain.data desktop.retrain.runs desktop.retrain.search desktop.retrain.report
desktop.retrain desktop.app desktop.__main__
""".split()
#: Most modules that one folder holds, its `__init__.py` not counted.
MOST_MODULES = 20

#: package -> the only places that may import it
CONFINED = {
    "PyQt5": "desktop",
    "keras": "core.training",
    "tensorflow": "core.training",
    "h5py": "core.training core.runs.starting_weights",
    "tf2onnx": "core.training",
    "onnx": "core.training",
    "onnxruntime": "core.training",
    "openvino": "core.model.graph",
    "pydicom": "core.films.dicom core.films.dicom_deidentify core.films.dicom_elements",
    "sklearn": "core",
    "openpyxl": "core.scan.export core.assembly.tables",
    "filelock": "core.jobs.lock",
    "pathvalidate": "core.filing.names",
    "qtawesome": "desktop.style",
    "highdicom": "core.reports.dicom_objects",
    "jinja2": "core.reports.pages",
    "markupsafe": "core.reports",
    "matplotlib": "core.reports desktop.widgets",
    "ray": "core.cluster.cluster",
    "optuna": "core.search",
    "sqlalchemy": "core.search.storage",
}

#: word -> why it may not stand in the window's code
FORBIDDEN_IN_DESKTOP = {
    "processEvents": "it re-enters the event loop",
    ".terminate(": "it kills a thread that holds locks",
    ".disconnect(": "feedback is blocked with QSignalBlocker",
    "time.sleep": "the window never waits",
}


def imports(module: str) -> set[str]:
    """Names that a module imports anywhere, in functions too."""
    path = ROOT / (module.replace(".", "/") + ".py")
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            found |= {node.module or ""}
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for top in ("core", "desktop")
    for path in (ROOT / top).rglob("*.py")
    if path.name != "__init__.py"
)


def room_of(module: str) -> int:
    """Number of the innermost room that a module lies in."""
    rooms = [x for x in ROOMS if module == x or module.startswith(f"{x}.")]
    assert rooms, f"{module} lies in no room"
    return ROOMS.index(max(rooms, key=len))


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_lower_rooms(module: str) -> None:
    above = {x for x in imports(module) & set(MODULES) if room_of(x) > room_of(module)}
    assert not above


def test_no_circle_within_a_room() -> None:
    inside = {
        module: {x for x in imports(module) & set(MODULES) if room_of(x) == room}
        for module in MODULES
        for room in [room_of(module)]
    }
    # Raises CycleError, which names the circle.
    list(graphlib.TopologicalSorter(inside).static_order())


def test_every_room_is_there_and_small() -> None:
    for room in ROOMS:
        path = ROOT / room.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), room
    for folder in {(ROOT / x.replace(".", "/")).parent for x in MODULES}:
        names = [x.name for x in folder.glob("*.py") if x.name != "__init__.py"]
        assert len(names) <= MOST_MODULES, f"{folder}: {len(names)} modules"


@pytest.mark.parametrize("module", MODULES)
def test_packages_stay_where_they_belong(module: str) -> None:
    for name in imports(module):
        homes = CONFINED.get(name.split(".")[0], "core desktop").split()
        inside = any(f"{module}.".startswith(f"{home}.") for home in homes)
        assert inside, f"{module} imports {name}"


@pytest.mark.parametrize("word", FORBIDDEN_IN_DESKTOP)
def test_desktop_does_not_use(word: str) -> None:
    users = [
        path.name
        for path in (ROOT / "desktop").rglob("*.py")
        if word in path.read_text("utf-8")
    ]
    assert not users, FORBIDDEN_IN_DESKTOP[word]


def test_models_are_opened_and_asked_in_few_places() -> None:
    askers = [
        path.name
        for path in (ROOT / "desktop").rglob("*.py")
        if "Classifier" in path.read_text("utf-8")
    ]
    # The owner of the one in use, what reads films, and the trial of a new one.
    assert sorted(askers) == ["in_use.py", "reading.py", "trial.py"]


_TRAINING = {"keras", "tensorflow", "torch", "onnx"}
_STATISTICS = {"scipy", "sklearn", "pandas"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("modules", "libraries"),
    [
        (
            "desktop.app.main_window",
            _TRAINING | _STATISTICS | {"openvino", "pydicom", "matplotlib"},
        ),
        (
            "core.__main__, core.commands.scan, core.commands.compare",
            _TRAINING | _STATISTICS | {"openvino", "matplotlib"},
        ),
        ("core.model.classifier, core.evaluation.evaluate", _TRAINING),
        ("core.training.network, keras", {"sklearn", "matplotlib", "jax"}),
    ],
    ids=("window", "commands", "figures", "training"),
)
def test_loads_no_library_before_it_is_needed(
    modules: str, libraries: set[str]
) -> None:
    """Each of them takes between a tenth of a second and three seconds."""
    code = f"import sys, {modules}; print(sorted({libraries} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert result.stdout.strip() == "[]", result.stderr
