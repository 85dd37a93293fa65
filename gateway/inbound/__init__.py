"""Ways in, up to a value that can be reasoned about."""
