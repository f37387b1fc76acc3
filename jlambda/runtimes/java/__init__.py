"""Java: a client of the Runtime API that is compiled by the machine's own JDK, and how cells become classes."""
