"""Small models for tests that need some model, not a good one."""

import pytest

from builders import TEACHER_SIZES, build_student


@pytest.fixture(scope="session")
def small_model():
    """A student with random weights and peaks on both sides of the floor of 0.001."""
    import torch

    torch.manual_seed(4)
    model = build_student()
    with torch.no_grad():
        model.head.score.weight *= 40
    return model


@pytest.fixture(scope="session")
def small_teacher():
    """A teacher of two random networks that like some ions a hundred times more than others."""
    import torch

    from nextims.models.teacher import Teacher

    torch.manual_seed(4)
    model = Teacher(**TEACHER_SIZES, members=2)
    with torch.no_grad():
        for member in model.members:
            member.fragment_head.score.weight *= 4
    return model.eval()
