"""Studies: what happened after the hits of scanners, against symbols that were alike and not hit.

::

    player      plays a session: verdicts on all candidates, bars, measures of earlier days
    session_study   what came after its hits and their controls within the session
    joining     later sessions, costs, and who was on the list the session before
    summary, groups     estimates over sessions
    results     the study's folder
"""

from symscan.research.study.study import Study, open_study

__all__ = ["Study", "open_study"]
