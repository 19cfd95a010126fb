"""Find the addresses of targets: in the environment, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping

from symscan.alerts.delivery import Service, require_apprise
from symscan.config import SessionConfig
from symscan.config.alert_settings import AlertTarget
from symscan.config.json_locations import join
from symscan.errors import ConfigError, ConfigErrors, InputError


def open_services(config: SessionConfig, environment: Mapping[str, str] = os.environ) -> dict[str, Service]:
    """Return the service of each target, by name.

    Raises
    ------
    ConfigErrors
        If an environment variable is not set, holds no address, or apprise is not installed.
    """
    try:
        require_apprise()
    except InputError as fault:
        raise ConfigErrors([config.error("alerts", str(fault), key=True)]) from None
    errors: list[ConfigError] = []
    services: dict[str, Service] = {}
    for target in config.alerts.targets:
        key = join(target.path, "url" if target.env is None else "env")
        try:
            services[target.name] = Service(address_of(target, environment))
        except InputError as fault:
            errors.append(config.error(key, str(fault)))
    if errors:
        raise ConfigErrors(errors)
    return services


def address_of(target: AlertTarget, environment: Mapping[str, str]) -> str:
    """Return the address of a target.

    Raises
    ------
    InputError
        If its environment variable is not set.
    """
    if target.env is None:
        return target.url or ""
    address = environment.get(target.env, "").strip()
    if not address:
        raise InputError(
            f"the environment variable {target.env} is not set; export {target.env}='...' with the "
            "target's address, as in tgram://TOKEN/CHAT; 'symscan live --no-alerts' does without"
        )
    return address
