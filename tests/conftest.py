"""Its place puts this folder on the path of imports, so that tests can import ``builders``."""

import os

# The models of the tests are tiny: threads would spend their time waiting for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_configure(config):
    """Hide GPUs from all tests but theirs: PyTorch's threads for them do not survive a fork."""
    if config.getoption("markexpr") != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
