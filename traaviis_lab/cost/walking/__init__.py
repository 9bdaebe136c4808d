"""Walk through a chart before it runs: what it will probably ask for, and what that takes. Pure."""
