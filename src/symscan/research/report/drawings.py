"""Drawings as SVG: bars, heat, histograms and candles, small enough to be mailed and without script.

Shapes of one kind are one path: a page of rectangles would be ten times as large.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from symscan.research.report.markup import text

_SHADES: Final = 5
_LEFT: Final = 34
_WIDTH: Final = 400


def stacked_bars(labels: Sequence[str], lower: Sequence[int], upper: Sequence[int], every: int = 1) -> str:
    """Return a bar for each label, of two parts; every so many labels are written."""
    height, top = 120, max((a + b for a, b in zip(lower, upper, strict=True)), default=0)
    if not top:
        return _nothing()
    step = _WIDTH / len(labels)
    scale = height / top
    dark = [
        (_LEFT + at * step + 1, height - one * scale, step - 2, one * scale) for at, one in enumerate(lower)
    ]
    light = [
        (_LEFT + at * step + 1, height - (a + b) * scale, step - 2, b * scale)
        for at, (a, b) in enumerate(zip(lower, upper, strict=True))
    ]
    words = [
        _word(_LEFT + (at + 0.5) * step, height + 14, one) for at, one in enumerate(labels) if at % every == 0
    ]
    axis = _line(_LEFT, height, _LEFT + _WIDTH, height) + _word(_LEFT - 4, 10, f"{top:,}", "end")
    return _svg(
        _LEFT + _WIDTH + 2,
        height + 20,
        axis + _rectangles(dark, "a") + _rectangles(light, "b") + "".join(words),
    )


def lines(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Return lines over the same places, each of a kind; the first and the last label are written.

    The scale holds 0, which has a line of its own.
    """
    height, left = 130.0, 60.0
    levels = [0.0, *(value for _, values in series for value in values)]
    low, high = min(levels), max(levels)
    if low == high:
        return _nothing()
    step = _WIDTH / max(len(labels) - 1, 1)

    def y(level: float) -> float:
        return 4 + (high - level) / (high - low) * (height - 8)

    def path(kind: str, values: Sequence[float]) -> str:
        points = (f"{_n(left + at * step)} {_n(y(value))}" for at, value in enumerate(values))
        return f'<path class="{kind}" d="M{"L".join(points)}"/>'

    paths = "".join(path(kind, values) for kind, values in series)
    words = [
        _word(left - 4, 10, compact(high), "end"),
        _word(left - 4, height, compact(low), "end"),
        _word(left, height + 14, next(filter(None, labels), ""), "start"),
        _word(left + _WIDTH, height + 14, labels[-1], "end"),
    ]
    zero = _line(left, y(0.0), left + _WIDTH, y(0.0))
    return _svg(left + _WIDTH + 2, height + 20, zero + paths + "".join(words))


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    every: int = 4,
    left: int = 74,
) -> str:
    """Return a strip of shades for each row; what is unknown or nothing stays empty."""
    highest = max((one for row in values for one in row if one is not None), default=0.0)
    if not highest:
        return _nothing()
    tall, step = (14 if len(rows) <= 25 else 9), _WIDTH / max(len(columns), 1)
    boxes: list[list[tuple[float, float, float, float]]] = [[] for _ in range(_SHADES)]
    for line, row in enumerate(values):
        for at, one in enumerate(row):
            if one:
                shade = min(int(one / highest * _SHADES), _SHADES - 1)
                boxes[shade].append((left + at * step, line * tall + 1, step - 0.6, tall - 2))
    shapes = "".join(_rectangles(some, f"h{shade}") for shade, some in enumerate(boxes))
    gap = 1 if tall > 10 else 3
    names = "".join(
        _word(left - 6, line * tall + tall - 3, _short(one), "end")
        for line, one in enumerate(rows)
        if line % gap == 0
    )
    bottom = len(rows) * tall + 13
    times = "".join(
        _word(left + (at + 0.5) * step, bottom, one) for at, one in enumerate(columns) if at % every == 0
    )
    return _svg(left + _WIDTH + 2, bottom + 6, shapes + names + times)


def histogram(counts: Sequence[int], low: float, high: float, marks: Sequence[float]) -> str:
    """Return a distribution, with lines where thresholds are."""
    width, height, top = 200.0, 60, max(counts, default=0)
    if not top:
        return _nothing()
    step = width / len(counts)
    boxes = [
        (8 + at * step + 0.4, height - one / top * 56, step - 0.8, one / top * 56)
        for at, one in enumerate(counts)
    ]
    spread = high - low
    lines = "".join(
        _line(8 + (mark - low) / spread * width, 0, 8 + (mark - low) / spread * width, height, "m")
        for mark in marks
    )
    ends = _word(8, height + 13, compact(low), "start") + _word(8 + width, height + 13, compact(high), "end")
    return _svg(
        width + 16, height + 18, _line(8, height, 8 + width, height) + _rectangles(boxes, "a") + lines + ends
    )


def candles(bars: Mapping[str, Any], entered: float, left: float, price: float | None) -> str:
    """Return the candles of a session, with the stay shaded and the price at entry as a line.

    Parameters
    ----------
    bars
        As :func:`~symscan.research.report.candles.day_candles` gives them.
    entered, left
        When the stay began and ended, in minutes after the open.
    """
    width, height, minutes = 300.0, 110.0, float(bars["minutes"])
    levels = [*bars["low"], *bars["high"], *([price] if price is not None else [])]
    low, high = float(min(levels)), float(max(levels))
    spread = (high - low) or 1.0

    def x(minute: float) -> float:
        return 2 + min(max(minute, 0.0), minutes) / minutes * width

    def y(level: float) -> float:
        return 4 + (high - level) / spread * (height - 8)

    body = max(width / minutes * 5 - 1.0, 1.0)
    rows = list(zip(bars["at"], bars["open"], bars["high"], bars["low"], bars["close"], strict=True))
    parts = [_rectangles([(x(entered), 0.0, max(x(left) - x(entered), 1.5), height)], "s")]
    for kind, some in (
        ("u", [one for one in rows if one[4] >= one[1]]),
        ("d", [one for one in rows if one[4] < one[1]]),
    ):
        wicks = "".join(
            f"M{_n(x(at) + body / 2)} {_n(y(top))}V{_n(y(bottom))}" for at, _, top, bottom, _ in some
        )
        boxes = [(x(at), min(y(o), y(c)), body, max(abs(y(o) - y(c)), 0.8)) for at, o, _, _, c in some]
        parts += [f'<path class="{kind}w" d="{wicks}"/>' if wicks else "", _rectangles(boxes, kind)]
    if price is not None:
        parts.append(_line(2, y(price), 2 + width, y(price), "p"))
    parts += [_word(width + 6, 10, f"{high:.2f}", "start"), _word(width + 6, height, f"{low:.2f}", "start")]
    return _svg(width + 52, height + 2, "".join(parts))


def compact(value: float) -> str:
    """Return a number in a few characters: ``1.6M``."""
    for unit, size in (("M", 1e6), ("k", 1e4)):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == 'k' else size):,.4g}{unit}"
    return f"{value:,.4g}"


def _svg(width: float, height: float, content: str) -> str:
    return f'<svg viewBox="0 0 {_n(width)} {_n(height)}" role="img">{content}</svg>'


def _nothing() -> str:
    return '<p class="none">nothing to draw</p>'


def _rectangles(boxes: Iterable[tuple[float, float, float, float]], kind: str) -> str:
    path = "".join(
        f"M{_n(x)} {_n(y)}h{_n(width)}v{_n(height)}h-{_n(width)}z"
        for x, y, width, height in boxes
        if height > 0
    )
    return f'<path class="{kind}" d="{path}"/>' if path else ""


def _line(x: float, y: float, to_x: float, to_y: float, kind: str = "x") -> str:
    return f'<path class="{kind}" d="M{_n(x)} {_n(y)}L{_n(to_x)} {_n(to_y)}"/>'


def _word(x: float, y: float, word: str, anchor: str = "middle") -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}">{text(word)}</text>'


def _short(word: str) -> str:
    return word if len(word) <= 28 else f"{word[:27]}…"


def _n(value: float) -> str:
    """Return a coordinate with a tenth of a pixel."""
    return (
        f"{value:.1f}".removesuffix(".0").replace("-0", "0")
        if abs(value) < 0.05
        else f"{value:.1f}".removesuffix(".0")
    )
