"""Strategies: how a target's candidates are ranked; a file each."""
