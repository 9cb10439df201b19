"""Signals: what a policy may ask of a request, of the world and of a model; a file each, named as the signal is."""
