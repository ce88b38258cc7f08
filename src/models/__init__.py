"""Teacher, student and the parts they are built from."""
