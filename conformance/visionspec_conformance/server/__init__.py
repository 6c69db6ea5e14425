"""Checks of a server, over raw HTTP: one module per area, each check marked with the rule that it decides.

No check uses our client, our rules or our models to compute what it expects.
"""
