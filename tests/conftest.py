"""Its place puts this folder on the path of imports, so that tests can import ``builders``."""

import os

# The models of the tests are tiny: threads would spend their time waiting for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
