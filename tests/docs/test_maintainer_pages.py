"""The pages for whoever changes symscan name only what there is, and the glossary is kept to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import symscan

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GLOSSARY = DOCS / "GLOSSARY.md"
ARCHITECTURE = DOCS / "ARCHITECTURE.md"
PAGES = [ARCHITECTURE, GLOSSARY, ROOT / "CONTRIBUTING.md", *sorted((DOCS / "decisions").glob("*.md"))]

TRADING = {"FillWindow", "GapParams", "OpeningPrint", "OrderFilled", "OrderUnfilled", "Position", "_Order"}
"""Classes about just what a trader means by the word."""

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def _is_there(dotted: str) -> bool:
    """Whether a dotted name is a module, or leads to something in one."""
    try:
        _found(dotted)
    except (ModuleNotFoundError, AttributeError):
        return False
    return True


def _found(dotted: str) -> Any:
    try:
        return import_module(dotted)
    except ModuleNotFoundError:
        owner, _, last = dotted.rpartition(".")
        if not owner:
            raise
        return getattr(_found(owner), last)


def _rows() -> Iterator[tuple[str, str, str, str]]:
    """The glossary's rows: term, meaning, where in code, what it is not called."""
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| *"):
            term, meaning, code, other = cells
            yield term.strip("*"), meaning, code, other


def _classes() -> Iterator[str]:
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield node.name


def _words(name: str) -> set[str]:
    """The words of a name in camel case, in small letters."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", name)}


@pages
def test_every_dotted_name_is_there(page: Path) -> None:
    dotted = set(re.findall(r"`(symscan(?:\.\w+)+)", page.read_text(encoding="utf-8")))
    assert [name for name in sorted(dotted) if not _is_there(name)] == []


@pages
def test_every_file_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:src|tests|docs|benchmarks)/[\w./-]+)`", text))
    assert [name for name in sorted(named) if "NAME" not in name and not (ROOT / name).exists()] == []


@pages
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    files = {link.split("#")[0] for link in links if not link.startswith(("http", "#"))}
    assert [file for file in sorted(files) if file and not (page.parent / file).exists()] == []


def test_every_test_that_holds_an_invariant_is_there() -> None:
    named = set(re.findall(r"`(test_\w+\.py)`", ARCHITECTURE.read_text(encoding="utf-8")))
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(named) > 20
    assert named - there == set()


def test_the_architecture_names_every_package() -> None:
    named = set(re.findall(r"`(symscan\.\w+)", ARCHITECTURE.read_text(encoding="utf-8")))
    package = ROOT / "src" / "symscan"
    there = {
        path.stem for path in package.iterdir() if (path / "__init__.py").exists() or path.suffix == ".py"
    }
    assert {f"symscan.{name}" for name in there if not name.startswith(("_", "py"))} - named == set()


def test_every_target_of_make_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make (\w+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    assert len(named) > 5
    assert named - targets == set()


def test_every_term_stands_once() -> None:
    terms = [term for term, *_ in _rows()]
    assert len(terms) > 55
    assert len(set(terms)) == len(terms)


def test_every_public_name_stands_in_the_glossary() -> None:
    named = {name for _, _, code, _ in _rows() for name in re.findall(r"`symscan\.(\w+)`", code)}
    assert set(symscan.__all__) - named == set()


def test_no_class_has_a_word_that_the_glossary_rules_out() -> None:
    ruled_out = {word.strip() for *_, other in _rows() for word in other.split(",") if word.strip()}
    assert len(ruled_out) > 20
    found = {name: _words(name) & ruled_out for name in _classes() if name not in TRADING}
    assert {name: words for name, words in found.items() if words} == {}


def test_decisions_are_listed_under_their_title() -> None:
    listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (DOCS / "decisions" / "README.md").read_text()))
    assert listed == {path.name for path in (DOCS / "decisions").glob("0*.md")}
