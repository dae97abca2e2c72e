"""The files that pack the program, as far as they can be tried without packing it."""

from __future__ import annotations

import ast
import gzip
import importlib.util
import plistlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from core import __version__, paths
from core.commands import parser as command_line

ROOT = Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"
SPEC = ROOT / "build.spec"


@pytest.fixture
def packaging(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The modules of packaging/, which import one another by bare names."""
    monkeypatch.syspath_prepend(str(PACKAGING))
    import build
    import icons
    import linux_packages
    import man_page

    found = (build, icons, linux_packages, man_page)
    yield {module.__name__: module for module in found}
    for module in found:
        del sys.modules[module.__name__]


def constant(name: str) -> dict[str, str]:
    """A dictionary of build.spec, which runs only in PyInstaller."""
    for node in ast.parse(SPEC.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"build.spec has no {name}")


def test_the_icons_are_those_of_their_drawing(
    packaging: dict[str, ModuleType], qapp: object, tmp_path: Path
) -> None:
    packaging["icons"].write_icons(tmp_path)
    for made in sorted(tmp_path.glob("*.png")):
        kept = ROOT / "resources/icons" / made.name
        two = [np.asarray(Image.open(path), np.int16) for path in (made, kept)]
        assert np.abs(two[0] - two[1]).mean() < 1, made.name
    assert (tmp_path / "hilum.ico").stat().st_size > 10_000


def test_editions_leave_out_what_they_should(packaging: dict[str, ModuleType]) -> None:
    full, reader = map(packaging["build"].requirements, ("full", "reader"))
    for name in ("PyQt5", "openvino", "pydicom", "opencv-python-headless"):
        assert f"\n{name}==" in full
        assert f"\n{name}==" in reader
    for name in ("keras", "tensorflow-cpu", "onnx"):
        assert f"\n{name}==" in full
        assert f"\n{name}==" not in reader
    for name in ("pytest", "ray", "nncf", "jax"):
        assert not re.search(rf"(?m)^{name}\b", full + reader)


def test_a_paragraph_that_is_gone_is_missed(
    packaging: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("numpy\n\n# training\nkeras\n")
    monkeypatch.setattr(packaging["build"], "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="# tests"):
        packaging["build"].requirements("full")


@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("strip"), reason="needs binutils"
)
def test_symbols_for_debuggers_are_not_packed(
    packaging: dict[str, ModuleType], tmp_path: Path
) -> None:
    found = importlib.util.find_spec("kiwisolver._cext")
    assert found is not None
    before = Path(str(found.origin))
    for folder in ("kiwisolver", "kiwisolver.libs"):
        (tmp_path / folder).mkdir()
        shutil.copy(before, tmp_path / folder / "a.so")
    packaging["build"].strip(tmp_path)
    sizes = [path.stat().st_size for path in sorted(tmp_path.glob("*/a.so"))]
    assert sizes[0] < before.stat().st_size == sizes[1]


def test_words_for_the_checks_need_the_checks(
    packaging: dict[str, ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        packaging["build"].main(["--keep", "--nonsense"])
    assert "unrecognized arguments: --nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("where", "is_dropped"),
    [
        ("openvino/libs/libopenvino_intel_cpu_plugin.so", False),
        ("openvino/libs/libopenvino_intel_gpu_plugin.so", True),
        ("openvino/libs/libopenvino_ir_frontend.so.2641", False),
        ("openvino/libs/libopenvino_onnx_frontend.so.2641", True),
        ("PyQt5/Qt5/plugins/platforms/libqxcb.so", False),
        ("PyQt5/Qt5/plugins/platforms/libqwayland-egl.so", True),
        ("PyQt5/Qt5/plugins/imageformats/libqsvg.so", False),
        ("PyQt5/Qt5/plugins/imageformats/libqjpeg.so", False),
        ("PyQt5/Qt5/plugins/platforms/qwindows.dll", False),
        ("PyQt5/Qt5/plugins/styles/qwindowsvistastyle.dll", False),
        ("PyQt5/Qt5/lib/libQt5XcbQpa.so.5", False),
        ("PyQt5/Qt5/lib/libQt5Quick.so.5", True),
        ("PyQt5/QtSvg.abi3.so", False),
        ("tensorflow/libtensorflow_cc.so.2", False),
        ("tensorflow/include/tensorflow/core/framework/op.h", True),
        ("pylibjpeg_openjpeg-2.6.0.dist-info/entry_points.txt", False),
        ("keras-3.15.1.dist-info/METADATA", False),
        ("keras-3.15.1.dist-info/RECORD", True),
        ("resources/model/model.bin", False),
        ("resources/licences.json", False),
        ("qtawesome/fonts/remixicon-2.5.0.ttf", False),
        ("qtawesome/fonts/phosphor-1.3.0.ttf", True),
    ],
)
def test_files_are_left_out_by_where_they_lie(where: str, is_dropped: bool) -> None:
    found = [rule for rule in constant("DROPPED") if re.search(rule, where)]
    assert bool(found) == is_dropped, found


def test_what_the_build_asks_of_hilum_is_there() -> None:
    imports = [
        node
        for node in ast.parse(SPEC.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("core")
    ]
    assert imports
    for node in imports:
        exec(ast.unparse(node), {})


@pytest.mark.slow
def test_nothing_is_left_out_that_hilum_imports() -> None:
    left_out = tuple(constant("NEVER"))
    # Loaded where they are, and done without, or told of, where they are not.
    optional = ("openvino_telemetry", "torch", "jax")
    for path in (*ROOT.glob("core/**/*.py"), *ROOT.glob("desktop/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                gone = [x for x in left_out if f"{name}.".startswith(f"{x}.")]
                assert not gone or name.startswith(optional), (path.name, name)


def test_the_manual_has_every_command_and_option(
    packaging: dict[str, ModuleType], tmp_path: Path
) -> None:
    page = packaging["man_page"].man_page()
    for command in ("predict", "scan", "train", "self\\-test", "worklist"):
        assert f".SS {command}\n" in page
    assert "crash-probe" not in page
    assert "\\-\\-heatmap DIR" in page
    assert f"Hilum {__version__}" in page
    if shutil.which("groff"):
        (tmp_path / "page").write_text(page, "utf-8")
        words = ["groff", "-man", "-Tutf8", "-ww", "-z", str(tmp_path / "page")]
        assert not subprocess.run(words, capture_output=True, text=True).stderr


def test_the_command_line_is_called_as_the_packages_install_it(
    packaging: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command_line.parser().prog == "python -m core"
    monkeypatch.setattr(paths, "is_frozen", lambda: True)
    assert command_line.parser().prog == packaging["man_page"].NAME


def test_what_desktops_look_for_is_written(
    packaging: dict[str, ModuleType], tmp_path: Path
) -> None:
    packaging["linux_packages"]._write_shared(tmp_path, "/opt/hilum/hilum")
    entry = tmp_path / "applications/hilum.desktop"
    assert "\nExec=/opt/hilum/hilum %F\n" in entry.read_text("utf-8")
    if shutil.which("desktop-file-validate"):
        words = ["desktop-file-validate", str(entry)]
        assert not subprocess.run(words, capture_output=True, text=True).stdout
    assert (tmp_path / "icons/hicolor/256x256/apps/hilum.png").exists()
    kinds = xml.etree.ElementTree.parse(tmp_path / "mime/packages/hilum.xml").getroot()
    assert "x-hilum-model" in kinds[0].attrib["type"]
    for name in ("hilum", "hilum-core"):
        page = gzip.decompress((tmp_path / f"man/man1/{name}.1.gz").read_bytes())
        assert __version__ in page.decode()


def test_the_package_names_what_it_takes_the_place_of(
    packaging: dict[str, ModuleType], tmp_path: Path
) -> None:
    packaging["linux_packages"]._write_control(tmp_path, "reader", "amd64")
    control = (tmp_path / "DEBIAN/control").read_text("utf-8")
    for line in (
        "Package: hilum-reader",
        "Conflicts: hilum",
        f"Version: {__version__}",
    ):
        assert f"{line}\n" in control
    assert re.search(r"libc6 \(>= 2\.\d+\)", control)
    assert "{" not in control


@pytest.mark.parametrize("script", ["linux/install.sh", "linux/uninstall.sh"])
@pytest.mark.skipif(not shutil.which("sh"), reason="there is no shell")
def test_scripts_are_understood(script: str) -> None:
    assert not subprocess.run(["sh", "-n", PACKAGING / script]).returncode


def test_the_version_resource_is_what_pyinstaller_reads() -> None:
    text = (PACKAGING / "windows/version.txt").read_text("utf-8")
    for word, value in {"NUMBERS": "(0, 1, 0, 0)", "VERSION": "0.1.0"}.items():
        assert word in text
        text = text.replace(word, value)
    (call,) = (node for node in ast.parse(text.replace("TITLE", "Hilum")).body)
    assert isinstance(call, ast.Expr)
    assert ast.unparse(call).startswith("VSVersionInfo(ffi=FixedFileInfo(filevers=(0,")


def test_macos_is_told_of_films_and_models() -> None:
    facts = plistlib.loads((PACKAGING / "macos/Info.plist").read_bytes())
    kinds = {kind["CFBundleTypeName"]: kind for kind in facts["CFBundleDocumentTypes"]}
    assert "org.nema.dicom" in kinds["Film"]["LSItemContentTypes"]
    (model,) = facts["UTExportedTypeDeclarations"]
    assert kinds["Hilum model"]["LSItemContentTypes"] == [model["UTTypeIdentifier"]]


def test_the_windows_installer_names_files_that_there_are() -> None:
    script = PACKAGING / "windows/hilum.iss"
    text = script.read_text("utf-8")
    for name in re.findall(r"(?:LicenseFile|SetupIconFile)=(\S+)", text):
        assert (script.parent / name.replace("\\", "/")).resolve().exists()
