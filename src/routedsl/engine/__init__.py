"""The decision: facts of a request, the compiled plan, the chain of attempts, and the failures of attempts."""
