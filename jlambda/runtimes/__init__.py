"""How code becomes a process that answers."""
