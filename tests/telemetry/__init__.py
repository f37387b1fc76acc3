"""Tests of jlambda.telemetry."""
