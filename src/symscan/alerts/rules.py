"""Compile the rules of a configuration: every fault with its place, before a session begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from symscan.alerts.hit_values import EVERY_HIT, Kinds, values_frame
from symscan.alerts.templates import DEFAULT_TEXT, FACTS, LEFT_TEXT, Template
from symscan.config import SessionConfig
from symscan.config.alert_settings import AlertRule
from symscan.config.json_locations import join
from symscan.errors import ConfigError, ConfigErrors, ExpressionError, InputError
from symscan.model.bar import Rows
from symscan.model.events.session import Hits
from symscan.model.hit_metadata import SYMBOL
from symscan.observers.console.messages import Kind as ConditionKind
from symscan.scanners.screens.language.compiler import Expression, compile_where
from symscan.scanners.screens.language.names import Names
from symscan.scanners.screens.language.terms import Kind

ScannerValues = Mapping[str, Kinds | None]
"""What each scanner keeps with its hits, by name and kind; None of one in code, which may keep anything."""

LEFT_TEMPLATE: Final = Template.parse(LEFT_TEXT)
_MOST_NAMES: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class HitCondition:
    """A condition on the values of a hit.

    Attributes
    ----------
    expression
        What polars evaluates.
    kinds
        The values that it reads.
    """

    expression: Expression
    kinds: Kinds

    def holds(self, hits: Hits, rows: Rows) -> Rows:
        """Return which of the hits it is true of; unknown is no."""
        if not len(rows):
            return rows
        frame = values_frame(hits, rows, self.kinds)
        symbols = pl.Series(SYMBOL, [hits.symbols[row] for row in rows.tolist()])
        held = frame.with_columns(symbols).select(self.expression.expr).to_series().fill_null(False)
        kept: Rows = rows[held.to_numpy()]
        return kept


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule ready to be decided.

    Attributes
    ----------
    settings
        What the configuration says.
    targets
        The names of its targets.
    template
        The message of a hit.
    where
        Its condition on hits; None for none.
    """

    settings: AlertRule
    targets: tuple[str, ...]
    template: Template
    where: HitCondition | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.settings.name

    def is_about(self, scanner: str) -> bool:
        """Whether it is about the list of a scanner."""
        return not self.settings.conditions and scanner in (self.settings.scanners or (scanner,))


def compile_rules(config: SessionConfig, values: ScannerValues) -> tuple[CompiledRule, ...]:
    """Compile the rules of a configuration.

    Raises
    ------
    ConfigErrors
        If a kind of condition, an expression or a text is refused; it holds all of them.
    """
    errors: list[ConfigError] = []
    compiled = []
    for rule in config.alerts.rules:
        compiler = _RuleCompiler(config, rule, values)
        compiled.append(compiler.compile())
        errors += compiler.errors
    if errors:
        raise ConfigErrors(errors)
    return tuple(compiled)


class _RuleCompiler:
    """Compiles one rule, and collects its faults."""

    def __init__(self, config: SessionConfig, rule: AlertRule, values: ScannerValues) -> None:
        self.errors: list[ConfigError] = []
        self._config, self._rule = config, rule
        scanners = [values.get(name) for name in rule.scanners or values]
        self._is_open = any(kinds is None for kinds in scanners)
        """Whether names may be used that are not known before hits are found."""
        self._kinds: dict[str, Kind] = dict(EVERY_HIT)
        for kinds in scanners:
            for name, kind in (kinds or {}).items():
                self._kinds.setdefault(name, kind)

    def compile(self) -> CompiledRule:
        rule = self._rule
        self.errors += self._unknown_conditions()
        targets = rule.to or tuple(target.name for target in self._config.alerts.targets)
        where = None if rule.where is None else self._compile_where(rule.where)
        return CompiledRule(rule, targets, self._compile_text(rule.text or DEFAULT_TEXT), where)

    def _unknown_conditions(self) -> Iterator[ConfigError]:
        known = [kind.value for kind in ConditionKind]
        for index, name in enumerate(self._rule.conditions):
            if name not in known:
                path = join(join(self._rule.path, "conditions"), index)
                message = f"there is no condition '{name}'; there are: {', '.join(known)}"
                yield self._config.error(path, message)

    def _compile_text(self, text: str) -> Template:
        try:
            template = Template.parse(text)
            for name in template.names:
                self._check_known(name, FACTS)
            template.check(self._kinds.get)
        except InputError as fault:
            self.errors.append(self._config.error(join(self._rule.path, "text"), str(fault)))
            return LEFT_TEMPLATE
        return template

    def _compile_where(self, text: str) -> HitCondition | None:
        try:
            expression = self._expression(text)
            if expression.is_cross_sectional:
                raise ExpressionError("a rule judges each hit by itself, without other symbols or the market")
            for name in expression.names:
                self._check_known(name)
        except InputError as fault:
            offset = fault.offset if isinstance(fault, ExpressionError) else None
            path = join(self._rule.path, "where")
            self.errors.append(self._config.error(path, str(fault), offset=offset))
            return None
        return HitCondition(
            expression, {name: self._kinds.get(name, Kind.NUMBER) for name in expression.names}
        )

    def _expression(self, text: str) -> Expression:
        """Compile the condition; an unknown name is a number of the scanner's own, where one is in code."""
        own: dict[str, Kind] = {}
        while True:
            try:
                return compile_where(text, Names({**self._kinds, **own}))
            except ExpressionError as fault:
                name = fault.token
                is_name = name is not None and name.isidentifier() and name not in own
                if name is None or not is_name or not self._is_open or len(own) >= _MOST_NAMES:
                    raise
                own[name] = Kind.NUMBER

    def _check_known(self, name: str, others: tuple[str, ...] = ()) -> None:
        if name in others or name in self._kinds or self._is_open:
            return
        known = ", ".join((*others, *self._kinds))
        raise InputError(f"'{name}' is no value that is kept with these hits; there are: {known}")
