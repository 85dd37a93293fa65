"""Which case does a mail belong to?  Pure."""
