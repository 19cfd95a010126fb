"""Files of bars as people have them: duplicates, contradictions, rows that are no bars, other labels."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_START_LABELLED: Final = """\
ticker;day;time;o;h;l;c;vol;adj_close
AAA;2018-11-20;09:30;10.00;10.20;9.90;10.10;1000;5.05
AAA;2018-11-20;09:31;10.10;10.30;10.00;10.20;1100;5.10
AAA;2018-11-20;09:31;10.10;10.30;10.00;10.20;1100;5.10
AAA;2018-11-20;09:32;10.20;10.40;10.10;10.30;1200;5.15
AAA;2018-11-20;09:32;10.20;10.40;10.10;10.35;1200;5.15
AAA;2018-11-20;09:33;10.30;10.30;10.30;10.30;0;5.15
AAA;2018-11-20;09:34;10.30;10.20;10.40;10.30;900;5.15
AAA;2018-11-20;09:35;10.30;;10.20;10.30;900;5.15
AAA;2018-11-20;09:36;0;10.40;0;10.30;900;5.15
AAA;2018-11-20;09:37;10.30;10.40;10.20;10.30;-5;5.15
AAA;2018-11-20;08:15;9.80;9.90;9.70;9.80;300;4.90
AAA;2018-11-20;02:10;9.80;9.90;9.70;9.80;10;4.90
AAA;2018-11-20;17:05;10.10;10.20;10.00;10.10;400;5.05
BBB;2018-11-22;10:00;20.00;20.10;19.90;20.00;500;20.00
BBB;2018-11-23;12:59;20.00;20.10;19.90;20.05;500;20.05
BBB;2018-11-23;13:05;20.05;20.10;19.90;20.00;50;20.00
BBB;2018-11-26;15:59;20.10;20.20;20.00;20.15;700;20.15
"""
_AGAIN: Final = """\
symbol,ts,open,high,low,close,volume
AAA,2018-11-20T14:30:00Z,10,10.2,9.9,10.1,1000
AAA,2018-11-20T14:31:00Z,10.1,10.3,10,10.25,1100
AAA,2018-11-20T14:40:00Z,10.1,10.3,10,10.25,1300
"""
_END_LABELLED: Final = """\
11/20/2018,09:30,30.00,30.05,29.95,30.00,5000
11/20/2018,09:31,30.02,30.10,30.00,30.08,800
11/20/2018,09:32,30.08,30.12,30.05,30.10,700
11/20/2018,16:00,30.50,30.60,30.40,30.55,9000
11/21/2018,09:30,30.60,30.60,30.60,30.60,4000
11/21/2018,09:32,30.60,30.70,30.50,30.65,600
"""
_WITH_PRE_MARKET: Final = "11/20/2018,09:29,29.90,29.95,29.85,29.92,100\n" + _END_LABELLED
_OFF_GRID: Final = "symbol,ts,open,high,low,close,volume\nAAA,2018-11-21 09:30:30,1,1,1,1,5\n"
_UNREADABLE: Final = "symbol,ts,open,high,low,close,volume\nAAA,2018-11-21 09:30,1,1,one,1,5\n"
_DAYS: Final = """\
symbol,date,open,high,low,close,volume
AAA,2018-11-19,9.70,9.90,9.60,9.80,90000
AAA,2018-11-20,10.00,10.90,9.90,10.80,99000
BBB,2018-11-23,40.00,40.20,39.80,40.10,1000
BBB,2018-11-26,20.10,20.20,20.00,20.15,1100
CCC,2018-11-26,1.10,1.20,1.00,1.15,1100
"""
_TIMED_DAYS: Final = "symbol,date,open,high,low,close,volume\nAAA,2018-11-19 16:00,9.7,9.9,9.6,9.8,90000\n"
_SPLITS: Final = "symbol,ex_date,ratio\nBBB,2018-11-26,1:2\nAAA,2018-11-21,4.0\nAAA,2018-11-21,4:1\n"

FILES: Final = {
    "dirty.csv": _START_LABELLED,
    "again.csv": _AGAIN,
    "ends/EEE_1m.csv": _END_LABELLED,
    "early/FFF_1m.csv": _WITH_PRE_MARKET,
    "off_grid.csv": _OFF_GRID,
    "unreadable.csv": _UNREADABLE,
    "days.csv": _DAYS,
    "timed_days.csv": _TIMED_DAYS,
    "splits.csv": _SPLITS,
}

_STARTS: Final = ("--interval", "1m", "--label", "start", "--timezone", "America/New_York")
_ENDS: Final = (
    *("--interval", "1m", "--label", "end", "--timezone", "America/New_York"),
    *("--header", "date,time,open,high,low,close,volume", "--name-pattern", "{symbol}_1m"),
)
_BAD: Final = ("--bad-rows", "drop")
_OUTSIDE: Final = (*_BAD, "--outside", "drop")
_CONFLICT: Final = (*_OUTSIDE, "--on-conflict", "last")

IMPORTS: Final = (
    ("dirty.csv", *_STARTS),
    ("dirty.csv", *_STARTS, *_BAD),
    ("dirty.csv", *_STARTS, *_OUTSIDE),
    ("dirty.csv", *_STARTS, *_CONFLICT),
    ("dirty.csv", *_STARTS, *_CONFLICT),
    ("again.csv", *_STARTS),
    ("again.csv", *_STARTS, "--on-conflict", "first"),
    ("off_grid.csv", *_STARTS),
    ("unreadable.csv", *_STARTS),
    ("ends", *_ENDS),
    ("early", *_ENDS),
    ("early", *_ENDS, "--opening-print", "keep"),
    ("timed_days.csv", "--interval", "1d"),
    ("days.csv", "--interval", "1d"),
)
"""One after the other into one store; some are refused, and say why."""


def write_awkward(folder: Path) -> None:
    """Write the files."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
