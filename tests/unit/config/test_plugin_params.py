from __future__ import annotations

from typing import Any

import pytest

from symscan.config.plugin_params import check_parameters
from symscan.errors import ConfigError, ConfigErrors


@pytest.mark.parametrize("params", [5, {"a": 1}, int])
def test_params_that_are_no_model_are_named(params: Any) -> None:
    with pytest.raises(ConfigErrors) as caught:
        check_parameters(params, {}, "observers[0].config", lambda path, text: ConfigError(f"{path}: {text}"))
    (fault,) = caught.value.errors
    assert str(fault).startswith("observers[0].config: the plug-in's params is ")
    assert str(fault).endswith("; give a class derived from pydantic.BaseModel")
