"""CloudWatch and CloudWatch Logs of functions: answered from the records, all else by the session's services."""
