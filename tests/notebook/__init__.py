"""Tests of the magics, cells and cards, on a real IPython shell."""
