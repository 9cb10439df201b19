"""What people and their programs call: the command line and the pytest plugin."""
