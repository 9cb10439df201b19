"""The verbs of the command line: a module each, imported when its verb is called."""
