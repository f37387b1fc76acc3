"""Values and rules of Lambda. Imports nothing of jlambda but `errors`."""
