"""How charts look, in light and dark, and how they become SVG."""

from __future__ import annotations

import dataclasses
import functools
import html
import io
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.paths import resources_dir

if TYPE_CHECKING:  # it takes half a second, which only who sees a chart should wait
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Pixels per inch of a figure: its sizes are given in pixels.
DPI = 100
FONT_PX = 12
#: What stands to the left of a plot.
_BESIDE_PX = 56
#: Fonts to look for, in this order. The last comes with matplotlib itself; those
#: before it hold the letters of languages that it lacks.
_FONTS = (
    "Segoe UI",
    "Helvetica Neue",
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Microsoft YaHei",
    "PingFang SC",
    "DejaVu Sans",
)


@dataclasses.dataclass(frozen=True)
class ChartColours:
    """What charts are drawn in, as #rrggbb.

    `faint` are axes and what is of less interest. The series, in the order of use, are
    told apart by people who see few colours, and each has a contrast of at least 3 to 1
    against the ground.

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

    def series_at(self, number: int) -> str:
        """The colour of a line by its number, from the first again at the end."""
        return self.series[number % len(self.series)]


LIGHT = ChartColours()
DARK = ChartColours(
    ink="#e6e9ed",
    faint="#7d858f",
    ground="#1e2126",
    series=("#56b4e9", "#f0925a", "#2fc79a", "#e39bc6", "#e6c229", "#a9b4f0"),
)


def new_figure(size: tuple[int, int], colours: ChartColours) -> Figure:
    """An empty figure in the house's style, without pyplot and its global state."""
    matplotlib = load_matplotlib()
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(_parameters(colours))
    inches = (max(1, size[0]) / DPI, max(1, size[1]) / DPI)
    return Figure(inches, DPI, layout="constrained", facecolor=colours.ground)


def load_matplotlib() -> Any:
    """Load matplotlib, in its own style whatever the user's own charts look like."""
    import matplotlib

    # There may be a style file in the folder that a command runs in.
    matplotlib.rcdefaults()
    # Letters that no font of a system has are no news.
    warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from font", UserWarning)
    return matplotlib


def new_axes(figure: Figure, colours: ChartColours) -> Axes:
    """Axes open at the sides and the top, with quiet lines across."""
    axes = figure.add_subplot()
    quiet_grid(axes, colours)
    return axes


def quiet_grid(axes: Axes, colours: ChartColours, axis: str = "y") -> None:
    """Lines across in the place of an axis; `axis` is whose values they mark."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    tint = mixed(colours.ground, colours.faint, 0.28)
    axes.grid(True, axis=axis, color=tint, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)


def say(figure: Figure, sentence: str, colours: ChartColours) -> None:
    """A sentence in the middle, in the place of what there is not."""
    figure.text(
        0.5, 0.5, sentence, ha="center", va="center", wrap=True, color=colours.faint
    )


def legend_above(axes: Axes) -> None:
    """The legend over the plot, in as few lines as there is room for."""
    from matplotlib.transforms import ScaledTranslation

    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    room = axes.figure.get_size_inches()[0] * DPI - _BESIDE_PX
    columns = len(labels)
    while columns > 1 and _legend_px(labels, columns) > room:
        columns -= 1
    above = ScaledTranslation(0, 6 / DPI, axes.figure.dpi_scale_trans)
    # matplotlib fills column by column; people read row by row.
    order = [
        i for column in range(columns) for i in range(column, len(labels), columns)
    ]
    axes.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        bbox_transform=axes.transAxes + above,
        ncols=columns,
    )


def _legend_px(labels: Sequence[str], columns: int) -> float:
    """About how wide a legend is: its marks and the longest word of each column."""
    longest = [
        max(len(label) for label in labels[column::columns])
        for column in range(columns)
    ]
    return sum(longest) * 0.62 * FONT_PX + columns * 50 - 17


def svg_of(figure: Figure, title: str) -> str:
    """A figure as SVG to stand within a page; its words stay words."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    drawing = re.sub(r"^.*?(?=<svg)", "", text.getvalue(), flags=re.DOTALL)
    drawing = re.sub(r"\s*<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    # Within a page the namespaces go without saying, and the names that matplotlib
    # gives the parts of every figure would come again and again.
    drawing = re.sub(r' xmlns(:\w+)?="[^"]*"| id="[\w.]+_\d+"', "", drawing)
    drawing = drawing.replace("xlink:href", "href")
    head = f'<svg role="img" aria-label="{html.escape(title)}" '
    return drawing.replace("<svg ", head, 1)


def pt(pixels: float) -> float:
    """Pixels in the unit that matplotlib measures text in."""
    return pixels * 72 / DPI


def shortened(name: str, most: int = 22) -> str:
    """A name cut to a length, with an ellipsis if it was."""
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def mixed(one: str, other: str, share: float) -> str:
    """A colour between two of the form #rrggbb; `share` of the other."""
    from matplotlib.colors import to_hex, to_rgb

    parts = zip(to_rgb(one), to_rgb(other), strict=True)
    red, green, blue = (a + (b - a) * share for a, b in parts)
    return to_hex((red, green, blue))


def is_dark(colour: str) -> bool:
    """Whether white words are read better on a colour than black ones.

    Source:
        Relative luminance of WCAG 2.1; 0.18 is as far from black as from white.
    """
    from matplotlib.colors import to_rgb

    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in to_rgb(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.18


@functools.cache
def _style() -> dict[str, Any]:
    from matplotlib import rc_params_from_file
    from matplotlib.font_manager import fontManager

    file = resources_dir() / "charts.mplstyle"
    style = dict(rc_params_from_file(file, use_default_template=False))
    # Those that the system has: each would be looked for at every word.
    there = set(fontManager.get_font_names())
    style["font.sans-serif"] = [name for name in _FONTS if name in there]
    return style


def _parameters(colours: ChartColours) -> dict[str, Any]:
    return {
        **_style(),
        "text.color": colours.ink,
        "axes.labelcolor": colours.ink,
        "axes.edgecolor": colours.faint,
        "axes.facecolor": colours.ground,
        "xtick.color": colours.faint,
        "ytick.color": colours.faint,
        "xtick.labelcolor": colours.ink,
        "ytick.labelcolor": colours.ink,
    }
