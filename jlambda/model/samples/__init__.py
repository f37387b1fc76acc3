"""Sample events: for every source a document with sensible values, each of which can be given another.

`catalog` finds and builds them by name; the other modules have one function a sample, whose keyword arguments are its
parameters. Events themselves are built in `jlambda.model.events` and `jlambda.model.http`, as the real ones are.
"""
