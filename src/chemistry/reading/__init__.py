"""From what a user gives to the form of a structure that all else takes."""
