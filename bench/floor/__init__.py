"""The two floors: HTTP without an engine, and an engine without output."""
