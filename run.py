"""Set Hilum up, then start it.

python run.py [FILM...]        open the window; without a display, judge the films
python run.py test | build     run all tests (--fast: most); pack the program (--help)
python run.py predict FILM...  the command line; also scan, train, audit and others
"""
# Any Python must reach the sentence that names the right one: the grammar is of 2.7.

import ctypes
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "Scripts/python.exe" if os.name == "nt" else "bin/python")
VERSION = "%d.%d" % sys.version_info[:2]
COMMANDS = """predict scan worklist train search experiment evaluate compare audit
    assemble deidentify export import card calibrate fit-gate recalibrate local-card
    train-lungs self-test""".split()
# Debian's packages of what PyQt5 needs; newer systems answer to these names as well.
IMPORT_NEEDS = """libgthread-2.0.so.0=libglib2.0-0 libGL.so.1=libgl1
    libfontconfig.so.1=libfontconfig1 libgssapi_krb5.so.2=libgssapi-krb5-2 """
WINDOW_NEEDS = """libxcb-icccm.so.4=libxcb-icccm4 libxcb-image.so.0=libxcb-image0
    libxcb-keysyms.so.1=libxcb-keysyms1 libxcb-render-util.so.0=libxcb-render-util0
    libxcb-shape.so.0=libxcb-shape0 libxcb-xinerama.so.0=libxcb-xinerama0
    libxcb-xkb.so.1=libxcb-xkb1 libxkbcommon-x11.so.0=libxkbcommon-x11-0
    libdbus-1.so.3=libdbus-1-3 """
HINTS = {  # what tools print when they fail: what to do
    "No space left|not enough space": "The disk is full; about 4 GB are needed.",
    "Read-only|denied|not permitted": "Copy Hilum to a folder that you can write to.",
    "connection broken|ConnectionError|timed out|resolving": "Check the network.",
}
FETCHING = r"^(?:Collecting |Processing \S*[/\\])(.+?)[-=<>~! ]+[\d(]"  # lines of pip's


def say(text):  # type: (str) -> None
    sys.stderr.write(text + "\n")


def stop(sentence, output, status=2):  # type: (str, str, int) -> None
    """End with a sentence and a hint: one that fits the output, or its last line."""
    hints = [HINTS[signs] for signs in HINTS if re.search(signs, output)]
    say("%s\nHint: %s" % (sentence, (hints + output.splitlines()[-1:] + [""])[0]))
    sys.exit(status)


def run(command, failure):  # type: (list[str], str) -> None
    """Run a command to its end, saying how far pip is; stop here if it fails."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    output = ""
    with subprocess.Popen(command, errors="replace", **pipes) as process:
        for line in process.stdout:
            output += line if line.strip() else ""
            for name in re.findall(FETCHING, line):
                say("  fetching " + name)
            if line.startswith("Installing collected"):
                say("  unpacking %d packages, the longest step" % (1 + line.count(",")))
    if process.returncode:
        stop(failure, output)


def install_system_packages(needs):  # type: (str) -> None
    """Install what is missing, as root with apt; else stop with the line to run."""
    missing = []
    if not os.path.exists(PYTHON):  # Debian leaves the maker of environments out
        needs += " ensurepip=python%s-venv" % VERSION
    for name, package in (need.split("=") for need in needs.split()):
        try:
            ctypes.CDLL(name) if ".so." in name else __import__(name)
        except (OSError, ImportError):
            missing.append(package)
    if missing:
        line = "apt-get install -y --no-install-recommends " + " ".join(missing)
        if os.geteuid() or not shutil.which("apt-get"):
            stop("Hilum needs system packages that are missing.", "Run: sudo " + line)
        say("Installing system packages: " + " ".join(missing))
        steps = "export DEBIAN_FRONTEND=noninteractive; %s || { apt-get update; %s; }"
        run(["sh", "-c", steps % (line, line)], "They could not be installed.")


def set_up():  # type: () -> None
    """Make the private environment what requirements.txt says, unless it is already."""
    from pathlib import Path  # not above: Python 2.7 has none

    maker = "Python %s in %s\n" % (VERSION, VENV)
    stamp = Path(VENV, "hilum-stamp.txt")  # written last, when all is in place
    wanted = maker + Path(ROOT, "requirements.txt").read_text("utf-8")
    found = stamp.read_text("utf-8") if stamp.exists() else maker
    if found == wanted and os.path.exists(PYTHON):
        return
    # What an interrupted or an earlier set-up left is kept, if pip works in it.
    pip = subprocess.getoutput('"%s" -m pip --version' % PYTHON)
    if "(python %s)" % VERSION not in pip or not found.startswith(maker):
        say("Making a private environment: " + maker.strip())
        run([sys.executable, "-m", "venv", "--clear", VENV], "It could not be made.")
    say("Installing requirements.txt: some minutes and about 3 GB, this once.")
    install = [PYTHON, "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    run(install + ["-r", ROOT + "/requirements.txt"], "They could not be installed.")
    stamp.write_text(wanted, "utf-8")


def plan(words):  # type: (list[str]) -> tuple[list[str], str]
    """Give what the private Python shall run, and which system libraries that needs."""
    os.environ["PYTHONPATH"] = ROOT  # the same from every folder, and private
    if words[:1] == ["test"]:
        os.chdir(ROOT)
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        own = ["-mnot slow and not training" if w == "--fast" else w for w in words[1:]]
        return ["-m", "pytest", "-n", "auto"] + own, IMPORT_NEEDS
    if words[:1] == ["build"]:
        return [ROOT + "/packaging/build.py"] + words[1:], IMPORT_NEEDS + WINDOW_NEEDS
    os.environ["PYTHONSAFEPATH"] = "1"  # the caller may stand beside another `core`
    if words and words[0] in COMMANDS:
        return ["-m", "core"] + words, ""
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform != "linux" or any(os.environ.get(name) for name in displays):
        return ["-m", "desktop"] + words, IMPORT_NEEDS + WINDOW_NEEDS
    films = words or sorted(glob.glob(os.path.join(ROOT, "resources/samples/*.png")))
    folder = tempfile.mkdtemp(prefix="hilum-heatmaps-")
    say("There is no display for a window: verdicts follow, heat maps go to " + folder)
    return ["-m", "core", "predict"] + films + ["--heatmap", folder], ""


def main(words):  # type: (list[str]) -> int | None
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        needed = "Hilum needs Python 3.11, 3.12 or 3.13; this is Python %s." % VERSION
        stop(needed, "Start it with one of these, for example: python3.12 run.py")
    if words == ["--help"]:
        return say(__doc__.strip())
    try:
        command, needs = plan(words)
        if sys.platform == "linux":
            install_system_packages(needs)
        set_up()
        if os.name == "nt":
            return subprocess.call([PYTHON] + command)
        os.execv(PYTHON, [PYTHON] + command)  # which then gets the signals itself
    except OSError as error:
        stop("Hilum could not be set up.", str(error))
    except KeyboardInterrupt:
        stop("\nStopped.", "The same command goes on from here.", 3)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
