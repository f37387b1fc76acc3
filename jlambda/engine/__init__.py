"""Execution environments: who starts, runs, limits and ends them."""
