"""Routing policy as code for LLM traffic: load a policy, decide requests, serve them."""

__all__: list[str] = []

__version__ = "0.1.0"
