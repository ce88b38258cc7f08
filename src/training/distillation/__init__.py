"""The student's training: what a teacher says of measured and of unmeasured molecules."""
