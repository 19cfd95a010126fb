"""A configuration in the first of both shapes."""

from __future__ import annotations

FIRST_SHAPE = """
{
  "session_data_config": {
    "symbols": ["AAPL", "MSFT"],
    "streams": ["1m"],

    "scanners": [
      {
        "name": "gap_scanner",
        "module": "scanners.gap_scanner",
        "enabled": true,

        "pre_session": true,

        "schedule": {
          "interval": "5m",
          "start_time": "09:35",
          "end_time": "15:55",
          "days_of_week": ["Mon", "Tue", "Wed", "Thu", "Fri"]
        },

        "config": {
          "min_gap_percent": 2.0,
          "min_volume": 1000000,
          "max_price": 500.0,
          "universe": "sp500"
        },

        "symbol_requirements": {
          "streams": ["1m", "5m"],
          "load_historical": true,
          "historical_days": 5
        },

        "timeout_seconds": 30
      },

      {
        "name": "momentum_scanner",
        "module": "scanners.momentum",
        "enabled": true,
        "pre_session": false,

        "schedule": {
          "interval": "15m",
          "start_time": "09:30",
          "end_time": "16:00"
        },

        "config": {
          "min_rsi": 70,
          "min_volume_ratio": 2.0
        }
      }
    ]
  }
}
"""
