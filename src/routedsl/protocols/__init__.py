"""Protocols: the dialects that clients and upstreams speak; a file or folder each."""
