# Shortcuts to the lines in the README; nothing here is needed to use symscan.
VENV = python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e

.PHONY: demo test quick coverage check bench profile release vendor

demo:
	$(VENV) . && .venv/bin/symscan demo

test:
	$(VENV) '.[test]' && .venv/bin/pytest

quick:
	.venv/bin/pytest tests/unit

coverage:
	.venv/bin/pytest tests/unit tests/component tests/contract --cov --cov-report=term

check:
	$(VENV) '.[test]'
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest
	.venv/bin/pytest -m slow
	$(MAKE) coverage

bench:
	$(VENV) '.[alpaca,dashboard]' playwright
	.venv/bin/python benchmarks/session.py
	.venv/bin/python benchmarks/range.py
	.venv/bin/python benchmarks/daily.py
	.venv/bin/python benchmarks/latency.py
	.venv/bin/python benchmarks/disturbance.py
	.venv/bin/python benchmarks/alerts.py
	.venv/bin/python benchmarks/results.py
	.venv/bin/python benchmarks/report.py
	.venv/bin/python benchmarks/outcomes.py
	.venv/bin/python benchmarks/study.py
	.venv/bin/python benchmarks/why.py
	.venv/bin/python benchmarks/python.py
	.venv/bin/python benchmarks/dashboard.py

# What the dashboard's page brings along, fetched anew and compared with what is here.
vendor:
	.venv/bin/python docs/fetch_vendored.py

# What to expect of both is in CONTRIBUTING.md.
profile:
	mkdir -p build
	.venv/bin/python -X importtime -c 'import symscan.cli.app' 2> build/importtime.txt
	sort -t '|' -k 2 -n build/importtime.txt | tail -n 25
	.venv/bin/python -m cProfile -o build/session.prof benchmarks/session.py small --rounds 1
	.venv/bin/python -c 'import pstats; pstats.Stats("build/session.prof").sort_stats("tottime").print_stats("symscan", 30)'

# A wheel, installed where nothing else is, and the demo played with it.
release:
	rm -rf build/release dist
	python3 -m venv build/release
	build/release/bin/pip wheel -q --no-deps --wheel-dir dist .
	build/release/bin/pip install -q -c constraints.txt dist/symscan-*.whl
	cd build/release && bin/symscan --version && bin/symscan demo
	@echo "the wheel is in dist/; tag the commit it was made of: git tag v$$(build/release/bin/symscan --version | cut -d ' ' -f 2)"
