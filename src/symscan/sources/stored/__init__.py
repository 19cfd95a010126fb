"""Stored bars as history and as the bars of a backtest."""
