"""Elements of the page, and the one place where texts of a run are escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from symscan.formatting import printable
from symscan.research.report.style import CSS

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_LONGEST: Final = 400


def text(value: object) -> str:
    """Return any text as HTML: nothing in it is markup, and nothing is longer than a line or two.

    Control characters are shown as a sign of their own: some end a document for some programs.
    """
    plain = printable(str(value))
    return escape(plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…")


def block(value: str) -> str:
    """Return a text of many lines as HTML."""
    lines = value.replace("\r\n", "\n").split("\n")
    kept = ("".join(one if one.isprintable() else " " for one in line) for line in lines)
    return f"<pre>{escape(chr(10).join(kept))}</pre>"


def document(title: str, body: str) -> str:
    """Return a page: HTML with its style and drawings in it, and without script or request.

    Parameters
    ----------
    title
        A text.
    body
        HTML.
    """
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{text(title)}</title><style>{CSS}</style>'
    )
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def element(tag: str, content: str, kind: str = "") -> str:
    """Return an element; ``content`` is HTML."""
    return f'<{tag} class="{kind}">{content}</{tag}>' if kind else f"<{tag}>{content}</{tag}>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> str:
    """Return a table of texts; ``numbers`` are the columns that are aligned as such."""
    kinds = ["n" if at in numbers else "" for at in range(len(head))]
    top = "".join(element("th", text(one), kind) for one, kind in zip(head, kinds, strict=True))
    body = "".join(f"<tr>{_cells(row, kinds)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def figure(caption: str, drawing: str, kind: str = "") -> str:
    """Return a drawing under its caption."""
    return element("figure", element("figcaption", text(caption)) + drawing, kind)


def _cells(row: Sequence[object], kinds: Sequence[str]) -> str:
    return "".join(element("td", text(one), kind) for one, kind in zip(row, kinds, strict=True))
