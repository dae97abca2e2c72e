"""Pages for people: one HTML file that needs nothing else.

The templates lie among the resources; whatever they are given is text, and only
what is `Markup`, as a chart is, stands in a page as it is.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.files import atomic_write
from core.paths import resources_dir
from core.reports.chart_style import svg_of

if TYPE_CHECKING:  # loaded when a page or a chart is first made
    from jinja2 import Environment
    from markupsafe import Markup
    from matplotlib.figure import Figure

#: Of a chart in a page, pixels.
CHART = (460, 360)


def write_page(path: Path, template: str, **values: Any) -> None:
    """Write a page; an OutputError where that cannot be."""
    text = page_text(template, **values)
    with atomic_write(path) as partial:
        # A file name may hold bytes that are no text.
        partial.write_bytes(text.encode("utf-8", "backslashreplace"))


def page_text(template: str, **values: Any) -> str:
    """A page, or a part of one, as HTML; as `write_page`."""
    return _environment().get_template(template).render(values)


def write_chart(path: Path, figure: Figure) -> None:
    """Write a chart as an SVG file; an OutputError where that cannot be."""
    with atomic_write(path) as partial:
        figure.savefig(partial, format="svg", metadata={"Date": None})


def inline(figure: Figure, title: str) -> Markup:
    """A chart to stand in a page; `title` says what it shows."""
    from markupsafe import Markup

    return Markup(svg_of(figure, title))  # noqa: S704 - its words are escaped there


@functools.cache
def _environment() -> Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources_dir() / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
