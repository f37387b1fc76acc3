"""What API keys have used: counted at once, on the disk once it is saved."""

from __future__ import annotations

from pathlib import Path

from jlambda.service.api_usage import ApiUsage, Used
from jlambda.store.database import Database


def test_counts_outlive_the_session(tmp_path: Path) -> None:
    """Those of each plan, key and day; what is forgotten does not come again."""
    database = Database(tmp_path)
    try:
        usage = ApiUsage(database)
        for day in ("2027-01-01", "2027-01-02", "2027-01-02"):
            usage.count("plan", "key/1", day)
        usage.grant("plan", "key/1", "2027-01-02", 7)
        usage.count("other", "key/1", "2026-12-31")
        usage.save()
        again = ApiUsage(database)
        assert again.of_key("plan", "key/1") == {"2027-01-01": Used(1), "2027-01-02": Used(2, 7)}
        first_days = [again.first_day(plan) for plan in ("plan", "other", "none")]
        assert first_days == ["2027-01-01", "2026-12-31", None]
        again.forget()
        assert again.of_key("plan", "key/1") == {} == ApiUsage(database).of_key("plan", "key/1")
    finally:
        database.close()
