"""The Python half of the widgets, with a comm that only remembers."""
