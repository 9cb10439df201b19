"""Learning classifiers from labelled requests, and judging them on subjects that they did not learn from."""
