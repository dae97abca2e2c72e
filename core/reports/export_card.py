"""The card of an exported model: all that another program needs to use it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from string import Template
from typing import Any, Final

from core import __version__
from core.model.bundle import ModelBundle
from core.model.graph import OUTPUTS
from core.model.wording import normal_note
from core.records import to_json

#: Name of the network's input.
INPUT: Final = "film"
#: Formats that carry the card in the file and have it beside them.
DESCRIBED: Final = ("onnx", "litert")
DISCLAIMER: Final = (
    "A research and teaching tool, not a medical device: no diagnosis or treatment "
    "may rest on it."
)

_MEANINGS: Final = {
    "logits": "(n, labels): divide by the temperature, then softmax over the labels.",
    "evidence": "(n, rows, columns, labels): where in the film each logit comes from.",
    "embedding": "(n, features): the pooled features.",
}
_VERDICT: Final = (
    "The finding is the likeliest label among those whose probability reaches their "
    "threshold. Where none does, the film is uncertain."
)
_MISSING: Final = (
    "This file gives numbers for any picture. What else Hilum does is not in it: it "
    "refuses what is no frontal chest film, warns of films that are turned, inverted "
    "or blank and states nothing confidently then, and finds the lungs."
)
_STEPS: Final = (
    "Decode the film to one channel of grey, upright. Of colours take "
    "0.299 R + 0.587 G + 0.114 B; what is transparent is black.",
    "Find the values of black (low) and white (high): 0 and 255 where samples have 8 "
    "bits, else the film's own smallest and largest. Of DICOM, after its modality "
    "table or rescale, the ends of its window; MONOCHROME1 is inverted.",
    "Resize to $size x $size pixels by averaging over areas (INTER_AREA of OpenCV). "
    "The film fills the square: its aspect is not kept. Samples of 8 bits stay such, "
    "others become float32 first.",
    "level = (value - low) * 255 / (high - low), clipped to 0 to 255, as float32.",
    "No more: the network standardises each film by itself.",
)
_USE: Final = """\
# Save as use.py: python use.py FILM.png
# needs numpy, opencv-python-headless and $needs
import json
import sys

import cv2
import numpy as np
$imports

with open($card, encoding="utf-8") as file:
    card = json.load(file)
film = cv2.imread(sys.argv[1], cv2.IMREAD_UNCHANGED)
if film.ndim == 3:
    film = cv2.cvtColor(film[:, :, :3], cv2.COLOR_BGR2GRAY)
low, high = 0.0, 255.0
if film.dtype != np.uint8:
    film = film.astype(np.float32)
    low, high = float(film.min()), float(film.max())
side = card["input"]["size"]
square = cv2.resize(film, (side, side), interpolation=cv2.INTER_AREA)
levels = (square.astype(np.float32) - low) * (255 / max(high - low, 1e-9))
levels = np.clip(levels, 0, 255).astype(np.float32)[np.newaxis, :, :, np.newaxis]
$run
scaled = logits[0].astype(np.float64) / card["temperature"]
powers = np.exp(scaled - scaled.max())
print(json.dumps(dict(zip(card["labels"], (powers / powers.sum()).tolist()))))
"""
#: Format -> package that runs it, how it is imported, and how it gives logits.
_RUNTIMES: Final = {
    "onnx": (
        "onnxruntime",
        "import onnxruntime",
        "session = onnxruntime.InferenceSession($file)\n"
        '(logits,) = session.run(["logits"], {"film": levels})',
    ),
    "litert": (
        "ai-edge-litert (or TensorFlow)",
        "try:\n    from ai_edge_litert.interpreter import Interpreter\n"
        "except ImportError:\n    import tensorflow\n\n"
        "    Interpreter = tensorflow.lite.Interpreter",
        "interpreter = Interpreter(model_path=$file)\n"
        'logits = interpreter.get_signature_runner()(film=levels)["logits"]',
    ),
}


def card_name(file: str) -> str:
    """The name of the card beside an exported file."""
    return f"{file}.card.json"


def export_card(bundle: ModelBundle, kind: str, file: str) -> dict[str, Any]:
    """What another program needs to get the probabilities that Hilum gives.

    Args:
        kind: One of `DESCRIBED`.
        file: Name of the exported file, which the lines of code are for.

    Returns:
        JSON values. `how_to_use` is a program in Python, line by line.
    """
    card, size = bundle.card, bundle.card.preprocess.size
    return {
        "name": card.name,
        "made_by": f"Hilum {__version__}",
        "model_sha256": bundle.sha256,
        "disclaimer": DISCLAIMER,
        "intended_use": card.intended_use,
        "limits": card.limits,
        "input": {
            "name": INPUT,
            "shape": ["n", size, size, 1],
            "dtype": "float32",
            "range": [0, 255],
            "channels": "one, grey: bone bright, air dark",
            "aspect": "not kept: the film fills the square",
            "size": size,
            "preprocessing": card.preprocess.version,
            "steps": [Template(step).substitute(size=size) for step in _STEPS],
        },
        "outputs": {name: _MEANINGS[name] for name in OUTPUTS},
        "labels": list(card.label_names),
        "display_names": card.names,
        "temperature": card.temperature,
        "probabilities": "softmax(logits / temperature)",
        "operating_points": to_json(card.operating_points),
        "verdict": f"{_VERDICT} {normal_note(card.names)}".strip(),
        "not_in_this_file": _MISSING,
        "how_to_use": _how_to_use(kind, file).splitlines(),
    }


def summary(card: Mapping[str, Any]) -> str:
    """An export's card in a few sentences, for whoever looks into the file alone."""
    return (
        f"{card['name']}, by {card['made_by']}. {card['disclaimer']} Labels, in the "
        f"order of the logits: {', '.join(card['labels'])}. Probabilities are "
        f"softmax(logits / {card['temperature']}). Input: "
        f"{' '.join(card['input']['steps'])}"
    )


def texts_of(card: Mapping[str, Any]) -> dict[str, str]:
    """The fields of an export's card as texts: what is none, as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in card.items()
    }


def _how_to_use(kind: str, file: str) -> str:
    needs, imports, run = _RUNTIMES[kind]
    run = Template(run).substitute(file=repr(file))
    card = repr(card_name(file))
    return Template(_USE).substitute(needs=needs, imports=imports, run=run, card=card)
