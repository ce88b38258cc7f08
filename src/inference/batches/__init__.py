"""Many structures: in one process or several, in parts that resume, on a cluster."""
