"""Small models for tests that need some model, not a good one."""

import pytest

from builders import STUDENT_SIZES, TEACHER_SIZES


@pytest.fixture(scope="session")
def small_model():
    """A student with random weights and peaks on both sides of the floor of 0.001."""
    import torch

    from nextims.models.student import Student

    torch.manual_seed(4)
    model = Student(**STUDENT_SIZES)
    with torch.no_grad():
        model.head.forward_part.weight *= 40
        model.head.reverse_part.weight *= 40
    return model.eval()


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
