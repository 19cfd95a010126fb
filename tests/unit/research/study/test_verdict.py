from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from symscan.research.study.tries import Try, count_tries
from symscan.research.study.verdict import (
    after,
    change_sentence,
    holdout_sentence,
    opinions_differ,
    placebo_sentences,
    tries_sentence,
    verdict,
)

ROW: dict[str, Any] = {
    "scanner": "hot",
    "horizon": "30m",
    "n": 912,
    "n_unknown": 8,
    "n_unmatched": 2,
    "sessions": 44,
    "mean_ret": 3.0,
    "mean_excess": 1.8,
    "lo": -0.4,
    "hi": 4.0,
    "cost_bp": 3.1,
    "boot_t_lo": -0.5,
    "boot_t_hi": 4.1,
    "net_lo": -3.5,
    "net_hi": 0.9,
    "p_family": 0.4,
    "without_best": 1.5,
    "without_worst": 2.0,
    "mean_of_sessions": 1.7,
    "marks": "",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {},
            "+1.8 bp per hit after 30 minutes against matched symbols, 95% interval −0.4 to +4.0, 910 hits",
        ),
        ({}, "44 sessions: cannot be told from nothing; costs are 3.1 bp"),
        ({"lo": 0.5}, "what is left after costs of 3.1 bp (−3.5 to +0.9) cannot be told from nothing"),
        ({"lo": 0.5}, "as one of 16 figures it may well be chance (p 0.4)"),
        ({"lo": 0.5, "p_family": 0.01}, "as one of 16 figures hardly chance (p 0.01)"),
        ({"lo": 0.5, "net_hi": -0.1}, "more than symbols alike, and less than its costs"),
        ({"lo": 3.5, "net_lo": 0.2}, "more than symbols alike, and more than its costs of 3.1 bp"),
        ({"hi": -0.1}, "less than symbols alike"),
        ({"lo": None, "hi": None}, "too few sessions for an interval, so that it can be anything"),
        ({"n": 0, "n_unmatched": 0}, "none of 8 hits has a known return after 30 minutes"),
        ({"n": 0, "n_unmatched": 0, "n_unknown": 0}, "no hit, so that nothing can be told"),
        ({"n_unmatched": 912}, "none of 912 has enough controls"),
        ({"marks": "few one_session"}, "one session makes most of it, without it +1.5 bp; few sessions"),
        ({"n_unknown": 300}, "25% of hits are unknown there"),
        ({"n_unmatched": 456}, "; 50% of those that are known have too few controls"),
        ({"boot_t_hi": 4.9}, "the bootstrap does not agree on the interval and has −0.5 to +4.9"),
    ],
)
def test_it_says_what_the_interval_says(changes: dict[str, Any], said: str) -> None:
    assert said in verdict({**ROW, **changes}, 16)


def test_a_second_opinion_is_said_only_where_it_differs() -> None:
    assert "bootstrap" not in verdict(ROW, 16)
    assert "bootstrap" not in verdict({**ROW, "boot_t_lo": None, "boot_t_hi": None}, 16)
    assert opinions_differ({**ROW, "boot_t_lo": 0.0, "boot_t_hi": 3.5})  # narrower by 20.5%
    assert not opinions_differ({**ROW, "boot_t_lo": 0.0, "boot_t_hi": 3.6})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "hot: +1.8 bp per hit after 30 minutes against symbols that had moved as much by the scan, 95%"),
        ({}, "95% interval −0.4 to +4.0, 910 hits: cannot be told from nothing."),
        ({"lo": 0.1}, ": more than these."),
        ({"hi": -0.1}, ": less than these."),
        ({"lo": None}, "910 hits: too few sessions for an interval, so that it can be anything."),
        ({"n_unmatched": 456}, "456 hits, 50% of all have too few of them: cannot"),
        ({"n_unmatched": 912}, "nothing can be told: no hit has enough of them."),
    ],
)
def test_the_harder_question_is_answered(changes: dict[str, Any], said: str) -> None:
    assert said in change_sentence({**ROW, **changes})


def test_horizons_are_said_in_words() -> None:
    assert [after(one) for one in ("1m", "60m", "close", "next_open", "1d", "5d")] == [
        *("after 1 minute", "after 60 minutes", "to the close", "to the next open"),
        *("after 1 session", "after 5 sessions"),
    ]


DAYS = [date(2018, 3, day) for day in (5, 6, 7, 8)]


def _tried(digest: str, first: int, last: int, *, is_holdout: bool = False) -> Try:
    span = date(2018, 3, first), date(2018, 3, last)
    return Try("2026-01-02T10:00:00Z", digest, *span, 1.0, is_holdout=is_holdout)


def test_tries_count_scanners_that_saw_half_of_the_sessions() -> None:
    earlier = [_tried("a", 5, 8), _tried("a", 1, 30), _tried("b", 7, 20), _tried("far", 8, 20)]
    counted = count_tries(earlier, {"hot": "c"}, {"hot": 2.5}, DAYS)
    assert counted["tries"] == 3
    assert counted["t_deflated"]["hot"] == pytest.approx(2.5 - counted["expected_largest_t"])
    said = tries_sentence(counted, ["hot"])
    assert said.startswith("3 different scanners were tried on these sessions, the first on 2026-01-02;")
    assert "here it is hot 2.5" in said
    assert count_tries(earlier, {"hot": "a"}, {"hot": None}, DAYS)["tries"] == 2  # under another name
    many = replace(earlier[0], variants=45)
    assert count_tries([*earlier, many], {"hot": "a"}, {"hot": None}, DAYS)["tries"] == 46


def test_a_holdout_that_was_opened_is_none_any_more() -> None:
    record = {"holdout": {"from": "2018-03-05", "opened": True}}
    opened = [_tried("a", 5, 8, is_holdout=True), _tried("b", 5, 8, is_holdout=True)]
    said = holdout_sentence(record, count_tries(opened, {"hot": "a"}, {"hot": 1.0}, DAYS))
    assert said == (
        "The holdout from 2018-03-05 on was opened 3 times with 2 scanners; it is no longer a holdout."
    )
    first = holdout_sentence(record, count_tries([], {"hot": "a"}, {"hot": 1.0}, DAYS))
    assert first == "This is the holdout from 2018-03-05 on, opened for the first time."


def test_a_scanner_that_stands_out_on_placebo_markets_is_not_believed() -> None:
    columns = {
        "scanner": ["peek", "fair"] * 2,
        "t": [19.0, 0.5, 21.0, -2.5],
        "horizon": "30m",
        "sessions": 44,
    }
    found = pl.DataFrame(columns)
    peek, fair = placebo_sentences(found, {"peek": 25.0, "fair": 1.9})
    assert "it sees the future, or symscan has a fault" in peek
    assert fair.endswith("1 with a t as large (p 0.67).")


def test_a_large_t_of_few_sessions_accuses_nobody() -> None:
    markets = {"scanner": "fair", "horizon": "30m", "t": [3.9, 3.0, -0.1]}  # 2.8 with few degrees of freedom
    few, many = (pl.DataFrame({**markets, "sessions": count}) for count in (5, 100))
    assert placebo_sentences(few, {"fair": 1.0}) == [
        "fair: of 3 placebo markets, where nobody can have an edge, 2 with a t as large (p 0.75)."
    ]
    assert "it sees the future" in placebo_sentences(many, {"fair": 1.0})[0]


def test_a_t_of_few_sessions_is_compared_as_a_normal_deviate() -> None:
    tried = [_tried(str(number), 1, 30) for number in range(7)]
    counted = count_tries(tried, {"hot": "a"}, {"hot": -3.0}, DAYS, {"hot": -1.4})
    assert counted["t"] == {"hot": -3.0}
    assert counted["t_deflated"]["hot"] == pytest.approx(-1.4 - counted["expected_largest_t"])
    assert tries_sentence(counted, ["hot"]).endswith("here it is hot −1.4.")
