"""Use cases; owns the clock and the wiring of worlds, surveys, checks, scoring and reports."""
