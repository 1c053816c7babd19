"""Whom a run acts as, what they own, and tokens that nobody may take."""
