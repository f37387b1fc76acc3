"""Benchmarks: each prints ratios against something known, measured in the same run. `jlambda bench` runs them.

They stand alone: this package is shipped as `jlambda.benchmarks` too, and imports nothing of the tests.
"""
