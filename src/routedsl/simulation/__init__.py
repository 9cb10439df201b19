"""Traffic run against described machines in virtual time: real decisions, chains and breakers, and no model called."""
