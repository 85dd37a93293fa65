"""What people and other systems ask for; used by command line, API and console alike."""
