"""BIMI: a brand's logo beside its mail (draft-brand-indicators-for-message-identification): record, SVG profile, mark certificate."""
