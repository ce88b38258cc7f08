"""Its place puts this folder on the path of imports, so that tests can import ``builders``."""

import os
import signal

import pytest

# The models of the tests are tiny: threads would spend their time waiting for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_configure(config):
    """Hide GPUs from all tests but theirs: PyTorch's threads for them do not survive a fork."""
    # What a shell starts in the background without job control ignores Ctrl-C, which tests send.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("markexpr") != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


@pytest.fixture(scope="session")
def small_model():
    """A student with random weights and peaks on both sides of the floor of 0.001."""
    import torch

    from builders import build_student

    torch.manual_seed(4)
    model = build_student()
    with torch.no_grad():
        model.head.score.weight *= 40
    return model


@pytest.fixture(scope="session")
def small_teacher():
    """A teacher of two random networks that like some ions a hundred times more than others."""
    import torch

    from builders import TEACHER_SIZES
    from nextims.models.teacher import Teacher

    torch.manual_seed(4)
    model = Teacher(**TEACHER_SIZES, members=2)
    with torch.no_grad():
        for member in model.members:
            member.fragment_head.score.weight *= 4
    return model.eval()
