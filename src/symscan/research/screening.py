"""One scan of a screen at one instant, as a frame of everybody it judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from symscan.config.defaults import chosen_store
from symscan.config.resolve import DEFAULT_UNIVERSE
from symscan.errors import ConfigError, ConfigErrors, InputError
from symscan.model.hit_metadata import SYMBOL
from symscan.model.universes.dated_file import DatedFile
from symscan.model.universes.universe_spec import UniverseSpec
from symscan.plugins.modules import forget_changed
from symscan.research.arguments import as_names, as_session_time, universe_file
from symscan.research.given_config import read_config
from symscan.runtime.assembly import assemble_backtest
from symscan.runtime.building.build import calendar_of
from symscan.runtime.given_paths import paths_as_given
from symscan.runtime.one_scan import OneScan, due_once, finished_scan
from symscan.scanners.screens.plan import PLACE
from symscan.sources.store.bar_store import BarStore

_SCANNER: Final = "session_data_config.scanners[0]."
_NOT_TAKEN: Final = "not_taken"
_OF_SEVERAL_SCANS: Final = ("confirm_scans", "leave_when", "hold_minutes", "cooldown_minutes")
_JUDGED: Final = ("verdict", "reason", "rank")
_ORDER: Final = ("hit", "no", "unknown")
_TEXTS: Final = {SYMBOL: pl.String(), "why": pl.String()}


def screen(
    where: str,
    *,
    at: datetime | str,
    universe: UniverseSpec | Iterable[str] = DEFAULT_UNIVERSE,
    store: Path | str | None = None,
    rank: str | None = None,
    take: int | None = None,
    per: str | None = None,
    show: str | Iterable[str] = (),
    max_age_minutes: float | None = None,
    market: str | None = None,
    exchange: str = "NYSE",
    indicator_modules: str | Iterable[str] = (),
    columns: DatedFile | Sequence[DatedFile] = (),
    universe_where: str | None = None,
    **of_several_scans: object,
) -> pl.DataFrame:
    """Scan once, at one instant of one session: everybody's values and verdict.

    Parameters
    ----------
    where
        What a symbol must meet: ``rsi_14_5m > 70 AND close > vwap``.
    at
        When: ``2018-03-14 10:35``, ``2018-03-14 open`` or ``2018-03-14 close`` on the exchange's clock;
        or a ``datetime``, whose zone counts if it has one. At ``close`` the day is complete: daily
        indicators read today's bar, as those of an ``at_close`` scan do.
    universe
        Whom: by name or path, the symbols themselves, or made of universes:
        ``{"any": [...], "except": [...]}``.
    store
        The folder of the bar store; None for ``SYMSCAN_STORE``, or that of ``symscan.toml``.
    rank
        What hits are ordered by, highest first; None orders by symbol.
    take
        How many hits at most; None takes all.
    per
        The column of the universe in each group of which ``take`` counts, ``sector``; None for no groups.
    show
        Further names whose values are wanted.
    max_age_minutes
        A symbol whose last bar ended longer ago is unknown.
    market
        The symbol that ``market.NAME`` reads.
    exchange
        Whose session it is.
    indicator_modules
        Modules of the current folder with indicators that the screen names.
    columns
        Dated files whose columns the screen names, joined as they were known at that instant.
    universe_where
        What a symbol of the universe must meet before the session: ``dollar_volume_20_1d > 1e7``.
    **of_several_scans
        What a screen of a configuration may have besides and one scan cannot answer is an error that says so:
        ``confirm_scans``, ``leave_when``, ``hold_minutes``, ``cooldown_minutes``.

    Returns
    -------
    polars.DataFrame
        One row per symbol of the universe, hits first by rank: ``symbol``; ``verdict``, which is
        ``hit``, ``no`` or ``unknown``; ``reason``, why it is unknown, or ``not_taken`` of one that meets
        the condition and is beyond ``take``; ``rank`` among those that meet it; and a column per name of
        the screen, null where unknown. A name that is one of these ends in ``_value``.

    Raises
    ------
    InputError
        If anything that was given is wrong.
    RunError
        If the scan failed.
    """
    _check_names(of_several_scans)
    with universe_file(universe) as named:
        criteria: dict[str, Any] = {"where": where, "universe": named, "rank": rank, "take": take, "per": per}
        criteria |= {"show": as_names(show), "max_age_minutes": max_age_minutes, "market": market}
        criteria |= {"columns": _as_objects(columns), "universe_where": universe_where}
        whole = _whole(criteria, {"exchange": exchange, "indicator_modules": as_names(indicator_modules)})
        return judged_frame(_scanned(whole, at, chosen_store(store)))


def _check_names(given: Iterable[str]) -> None:
    """Refuse what rests on the scans before, which one scan does not have, and what is no argument."""
    for name in given:
        if name not in _OF_SEVERAL_SCANS:
            raise TypeError(f"screen() got an unexpected keyword argument '{name}'")
        raise InputError(
            f"{name}: it rests on the scans before, and this is one alone; give it to a scanner of a "
            "configuration, for symscan.run, or for 'symscan scan my_session.json --at', which plays them"
        )


def _scanned(whole: dict[str, Any], at: datetime | str, place: Path) -> OneScan:
    forget_changed()
    with _located_errors():
        config = read_config(whole)
        session, time = as_session_time(at, calendar_of(config))
    with paths_as_given(place), _located_errors():
        has_minutes = not BarStore(place.absolute()).has_only_days
        due = due_once(config, config.scanners[0], time, session, has_minutes=has_minutes)
        backtest = assemble_backtest(due, place.absolute(), session.date, session.date)
    return finished_scan(backtest, session, time, config.scanners[0].name)


def judged_frame(scanned: OneScan) -> pl.DataFrame:
    """Return everybody that a screen was to judge, with verdicts and values; see :func:`screen`."""
    values = scanned.values()
    assert values is not None  # it is a screen
    values = values.rename({name: f"{name}_value" for name in _JUDGED}, strict=False)
    hits, unknown = scanned.scan.hits.symbols, scanned.unknown
    reasons = pl.DataFrame({SYMBOL: list(unknown), "why": list(unknown.values())}, schema_overrides=_TEXTS)
    judged = pl.DataFrame({SYMBOL: scanned.evaluated}, schema_overrides=_TEXTS)
    judged = judged.join(values, on=SYMBOL, how="left").join(reasons, on=SYMBOL, how="left")
    is_hit, is_unknown = pl.col(SYMBOL).is_in(list(hits)), pl.col("why").is_not_null()
    verdict = pl.when(is_hit).then(pl.lit("hit")).when(is_unknown).then(pl.lit("unknown"))
    is_beyond = pl.col(PLACE).is_not_null() & ~is_hit
    frame = judged.with_columns(
        verdict=verdict.otherwise(pl.lit("no")).cast(pl.Enum(_ORDER)),
        reason=pl.when(is_beyond).then(pl.lit(_NOT_TAKEN)).otherwise("why"),
        rank=PLACE,
    )
    names = [name for name in values.columns if name not in (SYMBOL, PLACE)]
    return (
        frame.sort("verdict", "rank", SYMBOL, nulls_last=True)
        .with_columns(pl.col("verdict").cast(pl.String))
        .select(SYMBOL, *_JUDGED, *names)
    )


def _as_objects(files: DatedFile | Sequence[DatedFile]) -> list[dict[str, str]]:
    """Return dated files as a configuration has them."""
    given = [files] if isinstance(files, DatedFile) else files
    return [{key: value for key, value in asdict(one).items() if value is not None} for one in given]


def _whole(criteria: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in criteria.items() if value not in (None, [])}
    # The schedule is set afterwards; a configuration needs one.
    scanner = {"name": "screen", **given, "pre_session": True}
    return {**others, "session_data_config": {"scanners": [scanner]}}


@contextmanager
def _located_errors() -> Iterator[None]:
    """Locate errors by the argument that is wrong."""
    try:
        yield
    except ConfigErrors as faults:
        raise ConfigErrors([_as_argument(one) for one in faults.errors]) from None


def _as_argument(fault: ConfigError) -> ConfigError:
    return ConfigError(fault.message, path=(fault.path or "").removeprefix(_SCANNER) or None)
