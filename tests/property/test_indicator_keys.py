"""Equal specs are one key, different ones never share one."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from symscan.errors import SpecError
from symscan.indicators.registry import check, definitions, spec_of
from symscan.model.interval import Interval
from symscan.model.specs import IndicatorConfig, IndicatorSpec

INTERVALS = st.sampled_from(["1m", "5m", "15m", "60m", "1h", "4h", "1d", "1w"]).map(Interval.parse)
NUMBERS = st.one_of(
    st.integers(0, 10_000).map(Decimal),
    st.decimals(0, 100, places=2),
    st.sampled_from(["2", "2.0", "2E+1", "20", "0.5", "NaN", "Infinity", "-0"]).map(Decimal),
    st.decimals(-1_000_000, 1_000_000, allow_nan=False),
)


@st.composite
def specs(draw: st.DrawFn) -> IndicatorSpec | None:
    """A checked spec, or None where the draw is out of bounds."""
    one = draw(st.sampled_from(definitions()))
    params = tuple(draw(NUMBERS) for _ in one.parameters)
    try:
        return check(IndicatorSpec(one.name, params, draw(INTERVALS)))
    except SpecError:
        return None


@given(specs(), specs())
def test_two_specs_share_a_key_only_if_they_are_equal(
    left: IndicatorSpec | None, right: IndicatorSpec | None
) -> None:
    if left is not None and right is not None:
        assert (left == right) == (left.key == right.key)


@given(specs())
def test_a_key_is_read_back_as_its_spec(spec: IndicatorSpec | None) -> None:
    if spec is not None:
        assert spec_of(spec.key) == spec
        assert hash(spec_of(spec.key)) == hash(spec)


@given(st.text(max_size=20))
def test_any_text_is_a_spec_or_a_clear_error(text: str) -> None:
    try:
        assert spec_of(text).key
    except SpecError as error:
        assert str(error)


@given(
    st.sampled_from([one.name for one in definitions()]),
    st.one_of(st.integers(), st.floats(), st.text(max_size=4), st.none(), st.booleans()),
    st.one_of(
        st.dictionaries(st.text(max_size=9), st.floats() | st.text(max_size=3)),
        st.lists(st.floats()),
        st.none(),
    ),
)
def test_any_configuration_is_a_spec_or_a_clear_error(name: str, period: object, params: object) -> None:
    config = IndicatorConfig(name, None, period, "5m", params)  # type: ignore[arg-type]
    try:
        assert spec_of(config) == spec_of(spec_of(config).key)
    except SpecError as error:
        assert str(error)
