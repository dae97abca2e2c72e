"""Drawing as SVG text: marks, words and axes.

Only what both browsers and Qt 5's SVG Tiny understand: plain attributes, no
style sheets, no clipping, and baselines placed by hand.
"""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Sequence

FONT_PX = 12
_FONT = "sans-serif"
#: Widths of characters, as shares of the size of the font.
_NARROW, _USUAL, _CAPITAL, _SQUARE = 0.37, 0.63, 0.76, 1.0


@dataclasses.dataclass(frozen=True)
class ChartColours:
    """What charts are drawn in, as #rrggbb.

    Attributes:
        ink: Words and axes.
        faint: Grid and what is of less interest.
        ground: Behind everything.
        series: In the order of use. Told apart by people who see few colours,
            and each with a contrast of at least 3 to 1 against the ground.

    Source:
        Okabe and Ito, Color universal design, 2008; lightness changed to suit
        the ground.
    """

    ink: str = "#1c2126"
    faint: str = "#8a9099"
    ground: str = "#ffffff"
    series: tuple[str, ...] = (
        "#0072b2",
        "#c04f00",
        "#00795a",
        "#9c4f86",
        "#7d6200",
        "#4b5fa8",
    )


LIGHT = ChartColours()
DARK = ChartColours(
    ink="#e6e9ed",
    faint="#7d858f",
    ground="#1e2126",
    series=("#56b4e9", "#f0925a", "#2fc79a", "#e39bc6", "#e6c229", "#a9b4f0"),
)


class Drawing:
    """Marks on a ground, collected as SVG.

    Positions are pixels from the upper left corner.
    """

    def __init__(
        self, size: tuple[int, int], colours: ChartColours, title: str
    ) -> None:
        self.width, self.height = max(1, size[0]), max(1, size[1])
        self.colours = colours
        self._title = title
        self._marks: list[str] = []
        self.box((0, 0), (self.width, self.height), fill=colours.ground)

    def line(
        self,
        points: Sequence[tuple[float, float]],
        *,
        colour: str,
        width: float = 1.0,
        dash: str = "",
    ) -> None:
        """A line through points; nothing if there are fewer than two."""
        if len(points) < 2:
            return
        places = " ".join(f"{_px(x)},{_px(y)}" for x, y in points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._marks.append(
            f'<polyline points="{places}" fill="none" stroke="{colour}" '
            f'stroke-width="{_px(width)}" stroke-linejoin="round"{dashes}/>'
        )

    def box(
        self,
        corner: tuple[float, float],
        size: tuple[float, float],
        *,
        fill: str = "none",
        stroke: str = "none",
        width: float = 1.0,
    ) -> None:
        """A box by its upper left corner, and its width and height."""
        self._marks.append(
            f'<rect x="{_px(corner[0])}" y="{_px(corner[1])}" '
            f'width="{_px(max(0.0, size[0]))}" height="{_px(max(0.0, size[1]))}" '
            f'fill="{fill}" stroke="{stroke}" stroke-width="{_px(width)}"/>'
        )

    def dot(
        self,
        at: tuple[float, float],
        radius: float,
        *,
        fill: str = "none",
        stroke: str = "none",
        width: float = 1.5,
    ) -> None:
        """A disc or a ring."""
        self._marks.append(
            f'<circle cx="{_px(at[0])}" cy="{_px(at[1])}" r="{_px(radius)}" '
            f'fill="{fill}" stroke="{stroke}" stroke-width="{_px(width)}"/>'
        )

    def words(
        self,
        text: str,
        at: tuple[float, float],
        *,
        anchor: str = "start",
        colour: str = "",
        px: float = FONT_PX,
        bold: bool = False,
        turned: bool = False,
    ) -> None:
        """Words whose middle is at the height `at`.

        Args:
            anchor: "start", "middle" or "end".
            turned: Whether they run upwards.
        """
        x, y = at
        weight = ' font-weight="bold"' if bold else ""
        # A capital is about 0.7 of the font's size high: half of it goes below.
        shift = 0.35 * px
        turn = ""
        if turned:
            turn = f' transform="rotate(-90 {_px(x)} {_px(y)})"'
        self._marks.append(
            f'<text x="{_px(x)}" y="{_px(y + shift)}" text-anchor="{anchor}" '
            f'font-family="{_FONT}" font-size="{_px(px)}" '
            f'fill="{colour or self.colours.ink}"{weight}{turn}>'
            f"{html.escape(text)}</text>"
        )

    def say(self, sentence: str) -> None:
        """A sentence in the middle, in the place of what there is not."""
        middle = (self.width / 2, self.height / 2)
        text = elided(sentence, self.width - 8)
        self.words(text, middle, anchor="middle", colour=self.colours.faint)

    def svg(self) -> str:
        """The whole drawing as an SVG document."""
        size = f'width="{self.width}" height="{self.height}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} '
            f'viewBox="0 0 {self.width} {self.height}">'
            f"<title>{html.escape(self._title)}</title>{''.join(self._marks)}</svg>"
        )


def text_width(text: str, px: float = FONT_PX) -> float:
    """About how wide words are, pixels: no font is at hand to measure by."""
    return px * sum(_width(character) for character in text)


def elided(text: str, room: float, px: float = FONT_PX) -> str:
    """Words cut to fit into `room` pixels, with an ellipsis if they were."""
    if text_width(text, px) <= room:
        return text
    while text and text_width(text + "…", px) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def mixed(one: str, other: str, share: float) -> str:
    """A colour between two of the form #rrggbb; `share` of the other."""
    parts = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def is_dark(colour: str) -> bool:
    """Whether white words are read better on a colour than black ones.

    Source:
        Relative luminance of WCAG 2.1; 0.18 is as far from black as from white.
    """
    shares = [channel / 255 for channel in _channels(colour)]
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in shares
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.18


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _width(character: str) -> float:
    if character in "iljtfrI1|!.,:;'()[] ":
        return _NARROW
    if ord(character) >= 0x1100:
        return _SQUARE
    return _CAPITAL if character.isupper() or character in "mwMW%" else _USUAL


def _px(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"a mark must be somewhere. Received: {value}")
    return f"{value:.2f}".rstrip("0").rstrip(".")
