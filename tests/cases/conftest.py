"""Policies that are read by other tests: their own `test` blocks are none of pytest's."""

collect_ignore_glob = ["*"]
