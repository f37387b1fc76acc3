"""Tests in a real browser: Chromium, driven by Playwright, on notebooks of a real Jupyter server."""
