"""Tests of the journal: the port, the log, the index, and what breaks them."""
