"""Probes: what a kind of server tells of itself; a file each."""
