# Shortcuts to the lines in the README; nothing here is needed to use symscan.
VENV = python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e

.PHONY: demo test check bench

demo:
	$(VENV) . && .venv/bin/symscan demo

test:
	$(VENV) '.[test]' && .venv/bin/pytest

check:
	$(VENV) '.[test]'
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest
	.venv/bin/pytest -m slow

bench:
	$(VENV) '.[alpaca]'
	.venv/bin/python benchmarks/session.py
	.venv/bin/python benchmarks/latency.py
	.venv/bin/python benchmarks/disturbance.py
