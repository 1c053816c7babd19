"""Requests that the target must refuse, and their controls: sent, answered, judged."""
