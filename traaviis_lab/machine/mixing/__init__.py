"""Hooks and components of a chart, worked into plain states and arrows when it is read. No I/O."""
