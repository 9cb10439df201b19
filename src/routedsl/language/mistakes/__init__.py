"""Mistakes of syntax: where a text leaves the grammar, and what was likely meant."""
