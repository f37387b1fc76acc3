"""Integrations of REST APIs that are no proxies of functions: what is mapped on the way in and out, and who answers."""
