"""Versioned rubrics (TOML) make a score of verdicts; the fix plan says what mending brings. Pure."""
