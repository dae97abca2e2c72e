"""A film's report as a page: HTML, and PDF that looks the same everywhere."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.films.pictures import encode_picture
from core.reports.chart_style import LIGHT, mixed, new_axes, new_figure, pt, shortened
from core.reports.film_report import FilmReport
from core.reports.margin import Sheet, legend_ramp
from core.reports.pages import inline, page_text
from core.reports.statement import DISCLAIMER, FindingRow

if TYPE_CHECKING:  # loaded when a page is first made
    from matplotlib.axes import Axes

#: Longer side of a film in a page; a page holds two.
_FILM_PX = 1200
#: A4 in pixels of `chart_style.DPI`, and what stays white around it.
_PAGE, _BORDER = (827, 1169), 55
#: Of a chart in the page, for each finding and for its axis.
_BAR_PX, _AXIS_PX = 34, 34
#: Of the films in a page, at most; the first that leaves room for the words.
_FILM_HEIGHTS = (350, 290, 230, 170, 110)


def film_html(report: FilmReport) -> bytes:
    """The report as one HTML file that needs nothing else."""
    film, heat = _films(report)
    rows = report.rows
    chart = None
    if rows:
        size = (460, _AXIS_PX + _high(rows))
        figure = new_figure(size, LIGHT)
        draw_probabilities(new_axes(figure, LIGHT), rows)
        chart = inline(figure, "Probabilities and operating points")
    text = page_text(
        "film.html",
        title=report.headline,
        lines=report.lines,
        film=_jpeg(film),
        heat=_jpeg(heat) if heat is not None else "",
        heat_title=report.heat_title if heat is not None else "",
        ramp=_jpeg(np.repeat(legend_ramp(report.opacity), 12, axis=0)),
        strongest=report.strongest,
        chart=chart,
        rows=rows,
        tables={"Film": report.facts(), "Computed by": report.provenance()},
    )
    # The name of a file may hold bytes that are no text.
    return text.encode("utf-8", "backslashreplace")


def film_pdf(report: FilmReport) -> bytes:
    """The report as one A4 page; the more there is to say, the smaller the film."""
    for film_px in _FILM_HEIGHTS:
        page = _drawn_page(report, film_px)
        if page.top <= _PAGE[1] - _BORDER - 34:
            break
    about = {"Title": report.headline, "Creator": "Hilum", "Producer": None}
    file = io.BytesIO()
    page.figure.savefig(file, format="pdf", metadata={**about, "CreationDate": None})
    return file.getvalue()


def _drawn_page(report: FilmReport, film_px: int) -> Sheet:
    """The page with films at most so high."""
    page = Sheet(_PAGE, _BORDER)
    page.write(report.headline, 22, weight="bold")
    page.top += 4
    for line in report.lines:
        page.write(line, 12)
    film, heat = _films(report)
    _draw_films(page, [film] if heat is None else [film, heat], film_px)
    if heat is not None:
        page.write_legend(report, 12)
    if report.rows:
        page.top += 8
        high = _high(report.rows)
        draw_probabilities(page.axes(420, high, left=95), report.rows)
        page.top += high + _AXIS_PX
    for title, rows in (("Film", report.facts()), ("Computed by", report.provenance())):
        page.top += 6
        page.write(title, 13, weight="bold")
        for name, value in rows:
            page.write(value, 10.5, name=name)
    page.figure.text(
        *(_BORDER / _PAGE[0], _BORDER / _PAGE[1], DISCLAIMER),
        **{"size": pt(11), "weight": "bold"},
    )
    return page


def _draw_films(page: Sheet, films: list[NDArray[np.uint8]], most: int) -> None:
    """Pictures of one size beside each other, as large as there is room for."""
    each = (_PAGE[0] - 2 * _BORDER - 12) / 2
    height, width = films[0].shape[:2]
    scale = min(each / width, most / height)
    page.top += 10
    for place, film in enumerate(films):
        axes = page.axes(scale * width, scale * height, left=place * (each + 12))
        axes.imshow(film, cmap="gray", vmin=0, vmax=255, aspect="auto")
        axes.set_axis_off()
    page.top += scale * height + 8


def draw_probabilities(axes: Axes, rows: list[FindingRow]) -> None:
    """A bar for each finding, and a line where its operating point lies."""
    quiet = mixed(LIGHT.ground, LIGHT.series[0], 0.5)
    for place, row in enumerate(rows):
        fill = LIGHT.series[0] if row.stated else quiet
        axes.barh(place, row.probability, height=0.42, color=fill)
        line = {"color": LIGHT.ink, "linewidth": 2}
        axes.plot([row.point, row.point], [place - 0.34, place + 0.34], **line)
        said = {"transform": axes.get_yaxis_transform(), "va": "center_baseline"}
        words = f"{row.share}, stated from {row.stated_from}"
        axes.text(1.03, place, words, weight="bold" if row.stated else "normal", **said)
    names = [shortened(row.name) for row in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.grid(visible=False)
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}".replace("%", " %"))


def _high(rows: list[FindingRow]) -> int:
    """Of the bars, pixels: all of them, and not more than a page has room for."""
    return min(_BAR_PX * len(rows), 240)


def _films(report: FilmReport) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """The film and, if there is one, the film with its heat map, of a page's size."""
    film = _fitting(report.film.to_uint8())
    return film, _fitting(report.picture()) if report.evidence is not None else None


def _fitting(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    scale = _FILM_PX / max(picture.shape)
    if scale >= 1:
        return picture
    size = [max(1, round(scale * side)) for side in picture.shape[1::-1]]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(picture: NDArray[np.uint8]) -> str:
    return base64.b64encode(encode_picture(picture, ".jpg")).decode("ascii")
