"""The virtual executor: the same actors and pages under a virtual clock, with a modelled network and backend.

Deterministic to the bit for a seed: nothing here asks for the time, and all chance comes from one seeded generator.
"""
