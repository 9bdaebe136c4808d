"""Tests of the pure statechart."""
