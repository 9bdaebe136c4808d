"""Another way from a place of a run: worked out on the record, written, let live."""
