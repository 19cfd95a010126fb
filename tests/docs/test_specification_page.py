"""The page on the specification names only what there is, and all that the documents name."""

from __future__ import annotations

import inspect
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import symscan
from symscan.config import config_schema
from symscan.scanners.running.managed_scanner import TRANSITIONS, ManagedScanner

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "SPECIFICATION.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs" / "RESULTS.md").read_text(encoding="utf-8")

DOCUMENTS = """
    ScannerManager load_scanner schedule_scan execute_scan BaseScanner setup scan teardown ScanContext
    session_data time_manager mode current_time config ScanResult symbols metadata execution_time_ms
    skipped error _indicators_registered _universe _load_universe _load_universe_from_file IndicatorConfig
    IndicatorType load_scanners setup_all execute_pre_session_scans should_run_scan should_run
    execute_scheduled_scans _execute_scan _execute_scan_async _process_scan_result _create_context
    scanners scanner_configs scan_schedules running_scans scan_history add_symbol_mid_session
    register_symbol scanner_manager _coordinator_loop activate_session add_indicator add_historical_bars
    add_session_bars add_symbol remove_symbol lock_symbol unlock_symbol is_symbol_locked
    get_config_symbols get_active_symbols get_indicator get_latest_bar get_latest_price valid
    current_value get_current_time requirement_analyzer IndicatorManager DataProcessor AnalysisEngine
    SessionData SessionCoordinator TimeManager SessionDataConfig ScannerConfig ScannerSchedule
    session_data_config name module enabled pre_session schedule interval start_time end_time days_of_week
    regular_session start end symbol_requirements streams load_historical historical_days timeout_seconds
    universe min_gap_percent min_volume max_price min_rsi min_volume_ratio gap_scanner momentum_scanner
    volume_scanner sector_rotation gap_scanner_complete sp500_sample nasdaq100_sample test_universe
    scanner_example example_with_scanner SCANNER_GUIDE SCANNER_API_REFERENCE IDLE SETTING_UP READY
    SCANNING TEARING_DOWN DONE test_scanner_loading test_scanner_setup test_pre_session_scan
    test_regular_session_scan test_scanner_teardown test_scanner_state_machine test_backtest_blocking
    test_live_async test_skip_on_overlap test_automatic_bar_provisioning test_symbol_cleanup
"""
"""What the two documents name, in their order."""

PLAIN = {
    *("datetime", "dict", "false", "script", "store", "symscan", "time", "true"),
    *("_scanner", "gap", "gap_scanner", "momentum"),
}
"""Words of Python and JSON, a holder, a universe, a logger; names of scanners and what they may end with."""

LACKING = "What the documents want and symscan lacks"
"""The chapter that names what there is not."""


def _spans(text: str) -> set[str]:
    """What stands between backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


def _ours() -> str:
    """The page without what it quotes: the documents' own names, in first columns and in the last chapter."""
    kept, quotes = [], False
    for line in PAGE.split(f"\n## {LACKING}\n")[0].splitlines():
        if not line.startswith("|"):
            quotes = False
        elif line.startswith("| the documents"):
            quotes = True
        kept.append("|".join(line.split("|")[2:]) if quotes else line)
    return "\n".join(kept)


def _is_attribute(owner: Any, name: str) -> bool:
    if hasattr(owner, name) or name in getattr(owner, "__dataclass_fields__", ()):
        return True
    return inspect.isclass(owner) and f"self.{name} =" in _source(owner)


@cache
def _source(owner: type) -> str:
    return inspect.getsource(owner)


def _is_there(dotted: str) -> bool:
    """Whether a dotted name is a module, or leads to something in one."""
    *parts, last = dotted.split(".")
    try:
        import_module(dotted)
    except ModuleNotFoundError:
        return bool(parts) and _is_there(".".join(parts)) and _is_attribute(_found(".".join(parts)), last)
    return True


def _found(dotted: str) -> Any:
    try:
        return import_module(dotted)
    except ModuleNotFoundError:
        owner, _, last = dotted.rpartition(".")
        return getattr(_found(owner), last)


def _test_names() -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}


def _keys(schema: Any) -> set[str]:
    """Every key a configuration may have, and every word it may hold."""
    if isinstance(schema, list):
        return set().union(*map(_keys, schema))
    if not isinstance(schema, dict):
        return set()
    words = {word for word in schema.get("enum", ()) if isinstance(word, str)}
    return words.union(schema.get("properties", {}), *map(_keys, schema.values()))


def test_every_dotted_name_is_there() -> None:
    dotted = set(re.findall(r"`(symscan(?:\.\w+)+)", PAGE))
    assert len(dotted) > 15
    assert {name for name in dotted if not _is_there(name)} == set()


def test_every_public_name_is_there() -> None:
    named = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w*)(?:\.(\w+))?", _ours())) - {
        ("TypeError", ""),
        ("ValueError", ""),
    }
    assert len(named) > 30
    assert {owner for owner, _ in named} - set(symscan.__all__) - {"GapScanner", "GapScannerScanner"} == set()
    missing = [
        f"{owner}.{name}"
        for owner, name in sorted(named)
        if name and not _is_attribute(getattr(symscan, owner), name)
    ]
    assert missing == []


def test_every_test_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 25
    assert named - _test_names() == set()


def test_every_other_word_is_a_key_an_event_or_an_attribute() -> None:
    words = {span.removesuffix("()") for span in _spans(_ours()) if re.fullmatch(r"[a-z_]+(\(\))?", span)}
    words = {word for word in words if not word.startswith("test_")}
    public = [ManagedScanner, *(getattr(symscan, name) for name in symscan.__all__)]
    known = _keys(config_schema()) | _spans(RESULTS) | {*symscan.__all__} | PLAIN
    assert len(words) > 40
    assert [word for word in words - known if not any(_is_attribute(one, word) for one in public)] == []


def test_whatever_the_documents_name_is_said() -> None:
    missing = [
        name
        for name in DOCUMENTS.split()
        if not re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", PAGE)
    ]
    assert missing == []


def test_the_states_and_their_ways_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|[^|]*\|([^|]*)\|$", PAGE, re.MULTILINE)
    written = {state: set(re.findall(r"`([A-Z_]+)`", following)) for state, following in rows}
    assert written == {
        state.name: {one.name for one in following} for state, following in TRANSITIONS.items()
    }


def test_links_within_the_pages_lead_to_a_heading() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    texts = {page.name: page.read_text(encoding="utf-8") for page in pages}
    anchors = {
        name: set(map(_anchor, re.findall(r"^#+ (.*)$", text, re.MULTILINE))) for name, text in texts.items()
    }
    missing = [
        f"{page}: {link}#{anchor}"
        for page, text in texts.items()
        for link, anchor in re.findall(r"\]\(([\w./]*)#([\w-]+)\)", text)
        if anchor not in anchors[Path(link).name or page]
    ]
    assert missing == []


def _anchor(heading: str) -> str:
    """How a heading is linked to."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")
