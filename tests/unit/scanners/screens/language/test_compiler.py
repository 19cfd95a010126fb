from __future__ import annotations

import math
from datetime import date
from typing import Any

import polars as pl
import pytest

from symscan.errors import ExpressionError
from symscan.scanners.screens.language.compiler import compile_expression, compile_rank, compile_where
from symscan.scanners.screens.language.functions import FUNCTIONS
from symscan.scanners.screens.language.names import Kind, Names
from symscan.scanners.screens.language.tokens import REFUSED

NAMES = Names({"sector": Kind.TEXT, "founded": Kind.NUMBER}, scanners=("gaps", "movers"))
c = pl.col

FRAME = pl.DataFrame(
    {
        "symbol": ["A", "B", "C", "D"],
        "close": [1.0, 2.0, None, 4.0],
        "volume": [0.0, 5.0, 1.0, 2.0],
        "change_pct": [-3.0, 0.5, None, 2.5],
        "sector": ["Energy", "Tech", None, "tech"],
        "founded": [1900.0, None, 1950.0, 2000.0],
        "rsi_14_1h": [50.0, 80.0, 75.0, None],
        "bbands_20_2_5m.upper": [0.5, 2.5, 3.0, 4.5],
    }
)


def values(source: str | pl.Expr) -> list[Any]:
    return FRAME.select("symbol", value=compile_expression(source, NAMES).expr)["value"].to_list()


T, F, U = True, False, None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # comparison, logic: unknown is neither true nor false, and false AND unknown is false
        ("close > 1", [F, T, U, T]),
        ("close >= 1 AND volume < 5", [T, F, U, T]),
        ("close > 0 AND volume > 0", [F, T, U, T]),
        ("close > 100 AND rsi_14_60m > 0", [F, F, U, F]),
        ("close > 100 OR rsi_14_60m > 60", [F, T, T, U]),
        ("NOT close > 1", [T, F, U, F]),
        ("close = 1 OR close == 2", [T, T, U, F]),
        ("close <> 1 AND close != 2", [F, F, U, T]),
        ("close BETWEEN 1 AND 2 AND volume > 0", [F, T, U, F]),
        ("close NOT BETWEEN 1 AND 2", [F, F, U, T]),
        ("close IN (1, 2.0)", [T, T, U, F]),
        ("close IN (volume, 4)", [F, F, U, T]),
        ("close NOT IN (1, NULL)", [F, U, U, U]),
        ("close IS NULL", [F, F, T, F]),
        ("close IS NOT NULL", [T, T, F, T]),
        ("close > 1 IS TRUE", [F, T, F, T]),
        ("(close > 1) IS NOT FALSE", [F, T, T, T]),
        ("(close > 1) IS UNKNOWN", [F, F, T, F]),
        ("(close > 1) = (volume > 1)", [T, T, U, T]),
        ("FALSE AND close > 1", [F, F, F, F]),
        # arithmetic: every number is a float
        ("close + volume * 2", [1.0, 12.0, U, 8.0]),
        ("5 / 2 + close", [3.5, 4.5, U, 6.5]),
        ("(close + 1) * -2", [-4.0, -6.0, U, -10.0]),
        ("-close - - 1", [0.0, -1.0, U, -3.0]),
        ("close % 3", [1.0, 2.0, U, 1.0]),
        ("-7 % 3 + 0 * volume", [2.0, 2.0, 2.0, 2.0]),
        ("close // 2", [0.0, 1.0, U, 2.0]),
        ("1e1 + .5 + 0 * volume", [10.5] * 4),
        # not finite is unknown, wherever it arises
        ("close / volume", [U, 0.4, U, 2.0]),
        ("1 / (1 / volume)", [U, 5.0, 1.0, 2.0]),
        ("1 / (close / volume) > 0", [U, T, U, T]),
        ("(close / volume) IS NULL", [T, F, T, F]),
        ("COALESCE(close / volume, -1)", [-1.0, 0.4, -1.0, 2.0]),
        ("LN(volume)", [U, math.log(5), 0.0, math.log(2)]),
        ("SQRT(0 - close)", [U, U, U, U]),
        ("EXP(-1 / volume)", [U, math.exp(-0.2), math.exp(-1), math.exp(-0.5)]),
        ("POW(close, 2000) > 5", [F, U, U, U]),
        ("1e300 * close * 1e300 > 5", [U, U, U, U]),
        ("GREATEST(1 / volume, 0.3)", [0.3, 0.3, 1.0, 0.5]),
        ("SUM(1 / volume)", [1.7] * 4),
        # names
        ('Close > 1 and "close" > 1 AND `close` > 1', [F, T, U, T]),
        ("rsi_14_60m", [50.0, 80.0, 75.0, U]),
        ("bbands_20_2_5m.upper < close", [T, F, U, F]),
        ('"bbands_20_2_5m.upper" < close', [T, F, U, F]),
        ("sector = 'Tech' OR founded < 1920", [T, T, U, F]),
        ("symbol IN ('A', 'D')", [T, F, F, T]),
        # texts
        ("sector LIKE 't%'", [F, F, U, T]),
        ("sector ILIKE 't_ch'", [F, T, U, T]),
        ("sector NOT ILIKE 't%'", [T, F, U, F]),
        ("sector || '!' = 'Tech!'", [F, T, U, F]),
        ("sector = 'it''s'", [F, F, U, F]),
        ("sector >= 'U'", [F, F, U, T]),
        # conditions
        ("CASE WHEN close > 1 THEN 1 WHEN close > 0 THEN 2 ELSE 0 END", [2.0, 1.0, 0.0, 1.0]),
        ("CASE sector WHEN 'Tech' THEN 1 END", [U, 1.0, U, U]),
        # aggregates span the universe, of what is known
        ("change_pct > AVG(change_pct)", [F, T, U, T]),
        ("COUNT(*) + 0 * volume", [4.0] * 4),
        ("COUNT(close)", [3.0] * 4),
        ("COUNT(DISTINCT sector)", [3.0] * 4),
        ("COUNT(*) FILTER (WHERE close > 1)", [2.0] * 4),
        ("AVG(close) FILTER (WHERE volume > 1)", [3.0] * 4),
        ("SUM(close) FILTER (WHERE close > 100)", [U] * 4),
        ("AVG(change_pct > 0)", [2 / 3] * 4),
    ],
)
def test_values(text: str, expected: list[Any]) -> None:
    assert values(text) == pytest.approx(expected)


FUNCTION_VALUES = {
    "ABS(change_pct)": [3.0, 0.5, U, 2.5],
    "SIGN(change_pct)": [-1.0, 1.0, U, 1.0],
    "CEIL(change_pct)": [-3.0, 1.0, U, 3.0],
    "FLOOR(change_pct)": [-3.0, 0.0, U, 2.0],
    "ROUND(change_pct / 7, 2)": [-0.43, 0.07, U, 0.36],
    "SQRT(close)": [1.0, math.sqrt(2), U, 2.0],
    "CBRT(volume)": [0.0, 5 ** (1 / 3), 1.0, 2 ** (1 / 3)],
    "EXP(close)": [math.e, math.exp(2), U, math.exp(4)],
    "LN(close)": [0.0, math.log(2), U, math.log(4)],
    "LOG2(close)": [0.0, 1.0, U, 2.0],
    "LOG10(close)": [0.0, math.log10(2), U, math.log10(4)],
    "LOG1P(volume)": [0.0, math.log(6), math.log(2), math.log(3)],
    "LOG(volume, close)": [U, math.log(5, 2), U, 0.5],
    "POW(close, 2)": [1.0, 4.0, U, 16.0],
    "POWER(close, -1)": [1.0, 0.5, U, 0.25],
    "MOD(volume, 2)": [0.0, 1.0, 1.0, 0.0],
    "DIV(volume, 2)": [0.0, 2.0, 0.0, 1.0],
    "LEAST(close, volume)": [0.0, 2.0, 1.0, 2.0],
    "GREATEST(close, volume)": [1.0, 5.0, 1.0, 4.0],
    "COALESCE(close, rsi_14_60m)": [1.0, 2.0, 75.0, 4.0],
    "IFNULL(close, 9)": [1.0, 2.0, 9.0, 4.0],
    "NULLIF(close, 1)": [U, 2.0, U, 4.0],
    "IF(close > 1, 'up', 'down')": ["down", "up", "down", "up"],
    "AVG(volume)": [2.0] * 4,
    "MIN(close)": [1.0] * 4,
    "MAX(close)": [4.0] * 4,
    "SUM(volume)": [8.0] * 4,
    "COUNT(rsi_14_60m)": [3.0] * 4,
    "MEDIAN(volume)": [1.5] * 4,
    "STDDEV(close)": [math.sqrt(7 / 3)] * 4,
    "VARIANCE(close)": [7 / 3] * 4,
    "QUANTILE_CONT(close, 0.25)": [1.5] * 4,
    "QUANTILE_DISC(close, 0.5)": [2.0] * 4,
    "RANK(change_pct)": [3.0, 2.0, U, 1.0],
    "PERCENT_RANK(change_pct)": [0.0, 0.5, U, 1.0],
    "UPPER(sector)": ["ENERGY", "TECH", U, "TECH"],
    "LOWER(sector)": ["energy", "tech", U, "tech"],
    "TRIM(' ' || sector || ' ')": ["Energy", "Tech", U, "tech"],
    "LENGTH(sector)": [6.0, 4.0, U, 4.0],
    "LEFT(sector, 2)": ["En", "Te", U, "te"],
    "RIGHT(sector, 2)": ["gy", "ch", U, "ch"],
    "SUBSTR(sector, 2, 2)": ["ne", "ec", U, "ec"],
    "REPLACE(sector, 'T', 't')": ["Energy", "tech", U, "tech"],
    "STARTS_WITH(sector, 'T')": [F, T, U, F],
    "ENDS_WITH(sector, 'ch')": [F, T, U, T],
    "REGEXP_LIKE(sector, '^[Tt]e')": [F, T, U, T],
}


@pytest.mark.parametrize("text", FUNCTION_VALUES)
def test_functions(text: str) -> None:
    assert values(text) == pytest.approx(FUNCTION_VALUES[text])


def test_every_function_is_tested() -> None:
    assert {text.split("(")[0] for text in FUNCTION_VALUES} == set(FUNCTIONS)


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("closee > 1", 0, "'closee' is not known; did you mean 'close'"),
        ("close > 1 AND sectr = 'x'", 14, "did you mean 'sector'"),
        ("close > rs_14_5m", 8, "did you mean 'rsi'"),
        ("close > rsi_14", 8, "'14' is not an interval"),
        ("close > rsi_14_7x", 8, "'7x' is not an interval"),
        ("bbands_20_2_5m > 1", 0, "write one of bbands_20_2_5m.upper"),
        ("close > bbands_20_2_5m.top", 8, "write one of bbands_20_2_5m.upper"),
        ("close.upper > 1", 0, "'close' has no outputs"),
        ("1 > 0", 0, "the same for every symbol"),
        ("close", 0, "'close' is a number; it must be a condition"),
        ("close > 'x'", 8, "'>' compares like with like"),
        ("close > 1 AND volume", 14, "AND needs a truth value, but 'volume' is a number"),
        ("volume > 1 AND sector + 1 > 2", 15, "'+' needs numbers, but 'sector' is a text"),
        ("1 < close < 5", 12, "write x BETWEEN a AND b"),
        ("close = NULL", 8, "write IS NULL"),
        ("(SELECT 1) > close", 1, "'SELECT' is not allowed"),
        ("close > (SELECT max(a) FROM read_csv('x.csv'))", 9, "'SELECT' is not allowed"),
        ("read_csv('x.csv') > close", 0, "not a function an expression may call"),
        ("NOW() > last_bar_end", 0, "not a function an expression may call"),
        ("close > CURRENT_TIMESTAMP", 8, "is not known"),
        ("AVG(close) OVER (PARTITION BY sector) > 1", 11, "'OVER' is not allowed"),
        ("CAST(close AS INT) > 1", 0, "'CAST' is not allowed"),
        ("close::int > 1", 5, "every number is a float already"),
        ("close > 1 -- comment", 10, "comments are not known"),
        ("close > /* comment */ 1", 8, "comments are not known"),
        ("close > 1; close > 2", 9, "one expression"),
        ("close > ?", 8, "placeholders"),
        ("close > $1", 8, "placeholders"),
        ("close > 1_000", 8, "'1_000' is neither a number nor a name"),
        ("close > 0x10", 8, "'0x10' is neither a number nor a name"),
        ("close > 1e999", 8, "too large"),
        ("close > 'abc", 8, "not closed"),
        ("close > ", 8, "expected a value, found the end of the expression"),
        ("close > 1)", 9, "expected an operator such as AND, or the end, found ')'"),
        ("(close > 1", 10, "expected ')'"),
        ("close > 1 volume > 2", 10, "expected an operator"),
        ("close BETWEEN 1 OR 2", 16, "expected 'AND'"),
        ("close IN 1", 9, "expected '('"),
        ("close IN ()", 0, "at least one choice"),
        ("CASE close END > 1", 11, "expected 'WHEN'"),
        ("", 0, "the expression is empty"),
        ("LOG(close) > 1", 0, "the natural logarithm is LN"),
        ("RND(close) > 1", 0, "did you mean ROUND"),
        ("ABS(close, 1) > 1", 0, "ABS takes (number), not 2 arguments"),
        ("ABS(sector) > 1", 4, "ABS needs a number"),
        ("REGEXP_LIKE(sector, '(')", 20, "not a regular expression"),
        ("sector LIKE sector", 12, "must be a text written out"),
        ("QUANTILE_CONT(close, 2) > 1", 21, "from 0 to 1"),
        ("AVG(close > 1 AND", 17, "expected a value"),
        ("close\n  > 1 AND\n  clse > 2", 18, "did you mean 'close'"),
        ("gap_pct > prior.gap_pct", 10, "'gap_pct' has no value a bar earlier"),
        ("close > prior(2).previous_close", 8, "'previous_close' has no value a bar earlier"),
        ("prior.sector = 'Tech'", 0, "'sector' has no value a bar earlier"),
        ("prior.founded > 1", 0, "'founded' has no value a bar earlier"),
        ("prior.minutes_since_bar > 1", 0, "'minutes_since_bar' has no value a bar earlier"),
        ("close > prior(0).close", 8, "from 1 to 100"),
        ("close > prior(101).close", 8, "from 1 to 100"),
        ("close > prior(1.5).close", 14, "a whole number of bars"),
        ("close > prior(close)", 14, "a whole number of bars"),
        ("close > prior(3)", 16, "a name after prior"),
        ("close > prior.clse", 8, "did you mean 'close'"),
        ("close > prior.rs_14_5m", 8, "did you mean 'rsi'"),
        ("prior.bbands_20_2_5m > 1", 0, "write one of bbands_20_2_5m.upper"),
        ("prior.prior.close > 1", 0, "'prior' is not known"),
        ("last_scan.founded > 1", 0, "have a value at the last scan"),
        ("last_scan.symbol = 'A'", 0, "have a value at the last scan"),
        ("last_scan.last_scan.close > 1", 0, "have a value at the last scan"),
        ("close > last_scan.clse", 8, "did you mean 'close'"),
        ("close > 1 AND in_scanner('gap')", 25, "did you mean 'gaps'? there are: gaps, movers"),
        ("in_scanner(gaps)", 11, "a scanner's name in single quotes"),
        ("in_scanner('gaps', 0)", 19, "a number of minutes above 0"),
        ("in_scanner('gaps' 5)", 18, "expected ')'"),
        ("in_scanner('gaps') > 1", 21, "'>' compares like with like"),
    ],
)
def test_refusals_are_placed(text: str, offset: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_where(text, NAMES)
    assert message in str(caught.value)
    assert caught.value.offset == offset
    token = caught.value.token
    assert token is None or text[offset:].startswith(token)


@pytest.mark.parametrize("word", sorted(REFUSED))
def test_refused_words(word: str) -> None:
    with pytest.raises(ExpressionError, match="is not allowed"):
        compile_where(f"close > {word.lower()}", NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 40 + "close" + ")" * 40 + " > 1",
        "+".join(["close"] * 400) + " > 1",
        "close > " + "1" * 10_001,
        "close" + " IS NULL" * 300,
        "CASE " + "WHEN close > 1 THEN 1 " * 300 + "END > 1",
        "close IN (" + ",".join(["close"] * 300) + ")",
        "NOT " * 300 + "close > 1",
        "- " * 300 + "close > 1",
    ],
)
def test_size_is_bounded(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_where(text, NAMES)


def test_deep_division_is_evaluated_once_a_level() -> None:
    text = "1 / (" * 28 + "close" + ")" * 28
    assert values(text) == pytest.approx([1.0, 2.0, None, 4.0])


def test_earlier_values_are_columns_of_their_own() -> None:
    text = "prior(1).close < PRIOR(2).rsi_14_60m AND prior.bbands_20_2_5m.upper > last_scan.rsi_14_60m"
    expression = compile_where(text, NAMES)
    columns = ("prior.close", "prior(2).rsi_14_1h", "prior.bbands_20_2_5m.upper", "last_scan.rsi_14_1h")
    assert expression.names == columns
    assert expression.indicators == ("prior(2).rsi_14_1h", "prior.bbands_20_2_5m", "rsi_14_1h")
    python = (c("prior.close") < c("prior(2).rsi_14_60m")) & (
        c("prior.bbands_20_2_5m").struct.field("upper") > c("last_scan.rsi_14_60m")
    )
    assert compile_where(python, NAMES).names == columns


def test_lists_of_scanners_are_columns() -> None:
    text = "in_scanner('gaps') AND NOT In_Scanner('movers', 60.0) OR close > 1"
    expression = compile_where(text, NAMES)
    assert expression.names == ("in_scanner('gaps')", "in_scanner('movers', 60)", "close")
    frame = pl.DataFrame(
        {
            "in_scanner('gaps')": [1.0, 0.0, None, 1.0],
            "in_scanner('movers', 60)": [0.0, 0.0, 0.0, None],
            "close": [0.0, 0.0, 0.0, 0.0],
        }
    )
    assert frame.select(value=expression.expr)["value"].to_list() == [T, F, U, U]
    python = c("in_scanner('gaps')") & ~c("in_scanner('movers', 60)") | (c("close") > 1)
    assert frame.select(value=compile_where(python, NAMES).expr)["value"].to_list() == [T, F, U, U]


def test_equal_specs_are_one_name() -> None:
    expression = compile_where("rsi_14_60m > 70 AND rsi_14_1h < 90 AND macd_12_26_9_5m.hist > 0", NAMES)
    assert expression.names == ("rsi_14_1h", "macd_12_26_9_5m.hist")
    assert expression.indicators == ("rsi_14_1h", "macd_12_26_9_5m")


def test_rank_is_a_number() -> None:
    assert compile_rank("close / volume", NAMES).kind is Kind.NUMBER
    with pytest.raises(ExpressionError, match="it must be a number"):
        compile_rank("close > 1", NAMES)


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (c("close") / c("volume") > 2, "close / volume > 2"),
        (1 / (1 / c("volume")) > 0, "1 / (1 / volume) > 0"),
        ((c("close") > 1) & ~(c("volume") < 2), "close > 1 AND NOT volume < 2"),
        ((c("close") > 1) | (c("rsi_14_60m") > 60), "close > 1 OR rsi_14_1h > 60"),
        (c("close").is_between(1, 2, closed="left"), "close >= 1 AND close < 2"),
        (c("sector").is_in(["Tech", "x"]), "sector IN ('Tech', 'x')"),
        (c("close").is_in([1, 4, None]), "close IN (1, 4, NULL)"),
        (c("close").is_null(), "close IS NULL"),
        (c("close").is_not_null(), "close IS NOT NULL"),
        (-c("close") + c("volume") * 2 - 1, "-close + volume * 2 - 1"),
        (c("close") % 3 + c("close") // 2, "close % 3 + close // 2"),
        (c("close") ** 2, "POW(close, 2)"),
        (c("close").log(2), "LOG(close, 2)"),
        (c("volume").log(), "LN(volume)"),
        (c("volume").log10().abs(), "ABS(LOG(volume, 10))"),
        (c("volume").sqrt().exp().round(2), "ROUND(EXP(SQRT(volume)), 2)"),
        (pl.when(c("close") > 1).then(1).otherwise(2), "CASE WHEN close > 1 THEN 1 ELSE 2 END"),
        (pl.min_horizontal("close", "volume"), "LEAST(close, volume)"),
        (pl.coalesce("close", "volume"), "COALESCE(close, volume)"),
        (c("close").fill_null(0), "COALESCE(close, 0)"),
        (c("close").clip(1.5, 3), "CASE WHEN close < 1.5 THEN 1.5 WHEN close > 3 THEN 3 ELSE close END"),
        (c("close") > c("close").mean(), "close > AVG(close)"),
        (c("close").std() + c("close").median(), "STDDEV(close) + MEDIAN(close)"),
        ((c("close") / c("volume")).sum(), "SUM(close / volume)"),
        (c("close").count() + pl.len(), "COUNT(close) + COUNT(*)"),
        (c("close").quantile(0.25, "linear"), "QUANTILE_CONT(close, 0.25)"),
        ((c("close") > 1).cast(pl.Float64).mean(), "AVG(close > 1)"),
        (c("bbands_20_2_5m").struct.field("upper") > 1, "bbands_20_2_5m.upper > 1"),
        (c("bbands_20_2_5m.upper").alias("x") > 1, "bbands_20_2_5m.upper > 1"),
        (c("sector").str.to_lowercase() == "tech", "LOWER(sector) = 'tech'"),
        (c("sector").str.starts_with("T"), "STARTS_WITH(sector, 'T')"),
        (c("sector").str.contains("^T"), "REGEXP_LIKE(sector, '^T')"),
        (c("sector").str.contains("ec", literal=True), "sector LIKE '%ec%'"),
        (pl.all_horizontal(c("close") > 1, c("volume") > 1), "close > 1 AND volume > 1"),
    ],
)
def test_python_says_the_same(expr: pl.Expr, text: str) -> None:
    assert values(expr) == pytest.approx(values(text))
    assert set(compile_expression(expr, NAMES).names) == set(compile_expression(text, NAMES).names)


@pytest.mark.parametrize(
    "expr",
    [
        c("close").shift(1) > 1,
        c("close").rolling_mean(2) > 1,
        c("close").cum_sum() > 1,
        c("close").mean().over("founded") > 1,
        c("close").mean().over("sector", "symbol") > 1,
        c("close").abs().over("sector") > 1,
        c("close").rank() > 1,
        c("close").first() > 1,
        c("close").sort() > 1,
        c("close").drop_nulls() > 1,
        c("close").cast(pl.Int64) > 1,
        c("close").is_nan(),
        c("close").map_elements(lambda value: value, return_dtype=pl.Float64) > 1,
        pl.all() > 1,
        pl.col("close", "volume") > 1,
        c("close").is_in(c("volume")),
        c("close") > pl.lit(pl.Series([1.0])),
        c("close") > pl.lit(date(2020, 1, 1)),
        c("close").is_in([date(2020, 1, 1)]),
        c("close") > float("inf"),
        c("nope") > 1,
        c("bbands_20_2_5m") > 1,
        c("close") > "x",
        pl.lit(1) > 0,
        pl.sql_expr("close // 2 > 1") > 1,
    ],
)
def test_python_can_do_no_more(expr: pl.Expr) -> None:
    with pytest.raises(ExpressionError):
        compile_where(expr, NAMES)
