"""The language: text to syntax, syntax to a checked policy, and the canonical form."""
