"""Tests of event source mappings at work: the rules alone, and with real queues and streams."""
