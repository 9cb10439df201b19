"""Files and imports: from paths to sources, and on to a program."""
