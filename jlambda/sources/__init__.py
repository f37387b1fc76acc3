"""Event source mappings at work: queues and streams are read in batches, and functions run on them."""
