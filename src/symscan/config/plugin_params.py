"""Check a plug-in's own parameters, with messages like the configuration's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from symscan.config.fields import show
from symscan.config.json_locations import join
from symscan.config.messages import Fault, closest_key
from symscan.errors import ConfigError, ConfigErrors
from symscan.plugins.errors import describe_error


def check_parameters(
    params: type[BaseModel], config: Mapping[str, Any], path: str, error_at: Callable[..., ConfigError]
) -> None:
    """Check the parameters of a plug-in that declares them: unknown ones are faults.

    Parameters
    ----------
    params
        What it declares.
    config
        What it is given.
    path
        Where that stands in the configuration.
    error_at
        Locates a fault in the configuration's file.

    Raises
    ------
    ConfigErrors
        If a parameter is wrong, or a check of the plug-in's own raises; it holds all faults.
    """
    _check_is_model(params, path, error_at)
    try:
        params.model_validate(config)
    except ValidationError as error:
        found = parameter_faults(error, path, list(params.model_fields))
        raise ConfigErrors([error_at(one.path, one.message, key=one.key) for one in found]) from None
    except (Exception, SystemExit) as error:  # the plug-in boundary: a validator of the user's
        raise ConfigErrors([error_at(path, describe_error(error, params.__module__))]) from error


def _check_is_model(params: object, path: str, error_at: Callable[..., ConfigError]) -> None:
    if not (isinstance(params, type) and issubclass(params, BaseModel)):
        message = f"the plug-in's params is {params!r}; give a class derived from pydantic.BaseModel"
        raise ConfigErrors([error_at(path, message)])


def parameter_faults(error: ValidationError, path: str, known: Sequence[str]) -> list[Fault]:
    """What is wrong with the parameters below a path.

    Parameters
    ----------
    error
        What the scanner's parameter model found.
    path
        Where its ``config`` stands.
    known
        The parameters there are.
    """
    return [_parameter_fault(path, detail, known) for detail in error.errors(include_url=False)]


def _parameter_fault(path: str, detail: Any, known: Sequence[str]) -> Fault:
    steps = tuple(detail["loc"])
    if detail["type"] == "extra_forbidden":
        near = closest_key(str(steps[-1]), known)
        hint = f"did you mean '{near}'?" if near else f"known here: {', '.join(known)}"
        return Fault(_join(path, steps), f"unknown parameter '{steps[-1]}'; {hint}", key=True)
    if detail["type"] == "missing":
        return Fault(path, f"the parameter '{steps[-1]}' is missing")
    return Fault(_join(path, steps), f"{_parameter_message(detail)}, got {show(detail['input'])}")


def _join(path: str, steps: Sequence[str | int]) -> str:
    for step in steps:
        path = join(path, step)
    return path


def _parameter_message(detail: Any) -> str:
    """Pydantic's words as ours: ``Input should be a valid number`` becomes ``expected a valid number``."""
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    return str(detail["msg"]).replace("Input should be ", "expected ")
