"""What outlives a session: functions, records and secrets, in one folder."""
