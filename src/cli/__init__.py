"""What the commands share: their options, exit statuses and error lines."""

import os

# NumPy's matrices are small here; threads of its own would wait for each other and for the model's.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
