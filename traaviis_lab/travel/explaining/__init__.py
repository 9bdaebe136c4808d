"""What stands out in a run, against others of its machine."""
