"""How a run is divided: among processes of this computer, those of a cluster, or not at all."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from symscan.config.defaults import find_defaults
from symscan.errors import InputError
from symscan.runtime.parallel.divisible import check_divisible, why_not_divisible
from symscan.tasks.jobs import cores, parse_jobs
from symscan.tasks.local import LocalProcesses

if TYPE_CHECKING:  # which loads what the processes load at the same time
    from symscan.config import SessionConfig
    from symscan.tasks.work import TaskExecutor

_PLAYER: Final = "symscan.runtime.parallel.player"


@dataclass(frozen=True, slots=True)
class Division:
    """How a run is divided.

    Attributes
    ----------
    jobs
        How many processes of this computer play sessions; 1 plays them in this one.
    is_default
        Whether nobody gave that with the run: what cannot be divided is then played in this process.
    cluster
        The address of the scheduler whose workers play sessions; None where they are of this computer.
    allows_insecure
        Whether it may be on another computer without encryption.
    processes
        Those that were started ahead; None if there are none so far.
    """

    jobs: int = 1
    is_default: bool = False
    cluster: str | None = None
    allows_insecure: bool = False
    processes: LocalProcesses | None = None

    @classmethod
    def of(
        cls, jobs: int | str | None, cluster: str | None = None, *, allows_insecure: bool = False
    ) -> Division:
        """Return what was given, else what ``symscan.toml`` says.

        Raises
        ------
        InputError
            If it is no number of processes, or both are given.
        """
        if cluster is not None:
            if jobs is not None:
                raise InputError(
                    "jobs are processes of this computer, a cluster has its own; give one of the two"
                )
            return cls(cluster=cluster, allows_insecure=allows_insecure)
        if jobs is not None:
            return cls(parse_jobs(jobs))
        return cls(find_defaults().jobs or 1, is_default=True)

    def started(self) -> Division:
        """Start processes of this computer now, so that they import modules while this one does.

        Where they are more than the cores, importing would keep this one waiting, and those that a range has
        no session for would do it for nothing: they start once the range is known.
        """
        if not 1 < self.jobs <= cores():
            return self
        return replace(self, processes=LocalProcesses(self.jobs, _PLAYER))

    def executor(
        self, config: SessionConfig, first: date, last: date
    ) -> AbstractContextManager[TaskExecutor | None]:
        """Start the processes that play a range of dates; None where they are this one.

        Raises
        ------
        InputError
            If other processes cannot play the configuration's sessions, or no cluster answers.
        """
        if self.cluster is not None:
            check_divisible(config)
            from symscan.tasks.cluster.dask_cluster import DaskCluster

            return DaskCluster(self.cluster, allows_insecure=self.allows_insecure)
        jobs = min(self.jobs, (last - first).days + 1)
        if jobs == 1 or (self.is_default and why_not_divisible(config) is not None):
            if self.processes is not None:
                self.processes.close()
            return nullcontext()
        check_divisible(config)
        return self.processes or LocalProcesses(jobs, _PLAYER)
