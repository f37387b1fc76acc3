"""The events that other services send to functions, a module for each source; those of HTTP are in `jlambda.model.http`.

The sample events that a user asks for and the real ones are built here by the same functions, from values alone: ids and
times are arguments.
"""
