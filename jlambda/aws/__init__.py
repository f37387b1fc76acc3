"""The embedded AWS services: moto in a child process, reached through the session's gateway and through nothing else."""
