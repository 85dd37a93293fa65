"""What `make` runs beside the tests: installing, drawing, judging."""
