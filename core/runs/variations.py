"""How far training films are varied."""

from __future__ import annotations

from typing import Annotated

import msgspec

from core.runs.setting import flag, number, share


class Augmentation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far training films are varied; each field says what it does."""

    rotation_deg: Annotated[
        float,
        number(
            "Rotation",
            "Largest turn either way, in degrees; real films are seldom off by more "
            "than 15.",
            "[0, 45]",
            zero="off",
            unit="degrees",
        ),
    ] = 10.0
    zoom: Annotated[
        float,
        share(
            "Zoom",
            "Largest change of scale; each axis on its own.",
            "[0, 0.9)",
            offered=0.5,
        ),
    ] = 0.12
    shift: Annotated[
        float,
        share(
            "Shift",
            "Largest shift, of the film's side.",
            "[0, 0.9)",
            offered=0.5,
        ),
    ] = 0.06
    flip: Annotated[
        bool,
        flag(
            "Mirror left and right",
            "Mirrors half of the films; the heart is then on the wrong side.",
        ),
    ] = True
    gamma: Annotated[
        float,
        share(
            "Contrast",
            "Largest change of the gamma exponent.",
            "[0, 0.9)",
            offered=0.8,
        ),
    ] = 0.3
    brightness: Annotated[
        float,
        share(
            "Brightness",
            "Largest change of the level, of the range from black to white.",
            "[0, 0.9)",
            offered=0.8,
        ),
    ] = 0.0
    blur: Annotated[
        float,
        share(
            "Blur",
            "Probability that a film is blurred, sharpened or coarsened, as other "
            "scanners would.",
            "[0, 1]",
        ),
    ] = 0.3
    erase: Annotated[
        float,
        share(
            "Blanking",
            "Probability that a patch, a corner, or the border with its letters, is "
            "blanked.",
            "[0, 1]",
        ),
    ] = 0.3
    local_contrast: Annotated[
        float,
        share(
            "Local contrast",
            "Probability that contrast is evened out from place to place (CLAHE), as "
            "some scanners do.",
            "[0, 1]",
        ),
    ] = 0.2
    uneven: Annotated[
        float,
        share(
            "Uneven exposure",
            "Probability that one side of a film is brighter than the other.",
            "[0, 1]",
        ),
    ] = 0.2
    noise: Annotated[
        float,
        share(
            "Noise",
            "Probability that a film gets the grain of a short exposure.",
            "[0, 1]",
        ),
    ] = 0.3
    compression: Annotated[
        float,
        share(
            "Compression",
            "Probability that a film is compressed as JPEG, as many archives did.",
            "[0, 1]",
        ),
    ] = 0.3
