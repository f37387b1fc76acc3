"""Tests of jlambda.store."""
