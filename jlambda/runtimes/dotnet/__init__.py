""".NET: a client of the Runtime API that is compiled by the machine's own compiler, and how cells become assemblies."""
