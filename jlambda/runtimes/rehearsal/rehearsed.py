"""A function for `jlambda.runtimes.bootstrap.rehearse`: loaded and called once in each waiting environment."""


def handler(event, context):  # type: ignore[no-untyped-def]
    """Answer with the event."""
    return {"event": event, "left": context.get_remaining_time_in_millis()}
