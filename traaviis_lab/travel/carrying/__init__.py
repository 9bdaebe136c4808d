"""A run as something to take elsewhere: a file, a page, a test."""
