"""The Lambda service: the control plane and invocations."""
