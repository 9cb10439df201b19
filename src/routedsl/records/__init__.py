"""What became of each decided request: one record each, kept in a file, worth replaying under other rules."""
