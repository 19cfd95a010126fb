"""A recorded live session compared with a backtest of its bars."""
