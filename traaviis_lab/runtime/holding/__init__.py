"""Runs with breakpoints: looked at before they move, held, stepped, let go."""
