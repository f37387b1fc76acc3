"""Views of invocation records: log lines, DataFrames, plots."""
