"""Compute a run again from its facts, and say where it parts from the record."""
