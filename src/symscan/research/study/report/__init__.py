"""The page of a study, its charts, and its few lines in a notebook."""

from symscan.research.study.report.charts import CHARTS, study_chart
from symscan.research.study.report.summary_html import summary_html
from symscan.research.study.report.write import write_page

__all__ = ["CHARTS", "study_chart", "summary_html", "write_page"]
