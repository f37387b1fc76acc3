"""What tests of the service look at."""

from __future__ import annotations

import jlambda
from jlambda.model.invocation import InvocationRecord
from jlambda.store.records import Records


def records(session: jlambda.Session) -> list[InvocationRecord]:
    """All records of a session, in order of start."""
    kept: Records = session._open().records
    return kept.rows()
