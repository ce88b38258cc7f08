"""What becomes of an earlier run."""

import pytest
import torch

from builders import STUDENT_SIZES, build_student
from nextims.models.checkpoint import CheckpointError, load_plain, save_atomically, save_checkpoint
from nextims.training.earlier import Run, can_resume, is_complete


class TestIsComplete:
    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "student.pt"

    def save(self, path, **metadata):
        save_checkpoint(path, build_student(), STUDENT_SIZES, metadata)

    def test_a_finished_run_of_the_same_key_is(self, path):
        self.save(path, key="a", finished="2026-11-23")
        assert is_complete(path, "a")

    def test_another_key_an_unfinished_run_and_other_files_are_not(self, path):
        assert not is_complete(path, "a")
        self.save(path, key="a", finished="2026-11-23")
        assert not is_complete(path, "b")
        self.save(path, key="a")
        assert not is_complete(path, "a")
        path.write_bytes(b"half of a file")
        assert not is_complete(path, "a")
        torch.save([1, 2, 3], path)
        assert not is_complete(path, "a")


class TestRun:
    @pytest.fixture
    def run(self, tmp_path):
        best = tmp_path / "best.pt"
        return Run(best, "a", tmp_path / "last_x.pt", lambda: can_resume(best, "x", "a"))

    def save(self, path, **metadata):
        save_checkpoint(path, build_student(), STUDENT_SIZES, metadata)

    def begin(self, run, key="a", best=-float("inf")):
        save_atomically({"key": key, "counters": {"best": best}}, run.unfinished)

    def carry_out(self, run, **options):
        """Return whether it was trained, whether it went on, and what was said."""
        trained, said = [], []

        def train(goes_on):
            trained.append(goes_on)
            return {"key": "new"}

        metadata = run.carry_out(train, say=said.append, **options)
        assert (metadata["key"] == "new") == bool(trained)
        assert not trained or not run.unfinished.exists()
        return trained, *said

    @pytest.mark.parametrize("resume", [False, True])
    @pytest.mark.parametrize("replace", [False, True])
    def test_where_nothing_is_it_is_trained(self, run, resume, replace):
        found = self.carry_out(run, resume=resume, replace=replace)
        assert found == ([False], "training")

    def test_an_unfinished_one_is_gone_on_with_discarded_or_left(self, run):
        self.begin(run)
        with pytest.raises(
            CheckpointError, match=r"last_x\.pt: .*these settings.*--resume goes on"
        ):
            self.carry_out(run, replace=False)
        assert load_plain(run.unfinished)["key"] == "a"
        assert self.carry_out(run, resume=True, replace=False) == ([True], "continued")
        self.begin(run)
        assert self.carry_out(run, resume=True, replace=True) == ([True], "continued")
        self.begin(run)
        discarding = f"training; discards the unfinished run at {run.unfinished}"
        assert self.carry_out(run, replace=True) == ([False], discarding)

    @pytest.mark.parametrize("left", [{"key": "b"}, {"best": 0.5}])
    def test_one_that_is_not_this_is_discarded_or_left(self, run, left):
        # Of another key; or without the best model that it has found.
        for resume in (False, True):
            self.begin(run, **left)
            with pytest.raises(CheckpointError, match=r"last_x\.pt: .*other settings.*--restart"):
                self.carry_out(run, resume=resume, replace=False)
            assert self.carry_out(run, resume=resume, replace=True)[0] == [False]

    def test_a_finished_one_is_left_or_trained_anew(self, run):
        self.save(run.result, key="a", finished="2026-11-23")
        skipped = f"skipped, {run.result} is finished and matches data and config"
        for resume in (False, True):
            found = self.carry_out(run, resume=resume, replace=False)
            assert found == ([], f"{skipped}; --restart trains anew")
        assert self.carry_out(run, resume=True, replace=True) == ([], skipped)
        assert self.carry_out(run, replace=True) == ([False], "training")

    def test_another_model_is_replaced_and_named(self, run):
        self.save(run.result, key="b", finished="2026-11-23")
        replacing = f"training; replaces {run.result} when it is finished"
        for resume in (False, True):
            found = self.carry_out(run, resume=resume, replace=False)
            assert found == ([False], replacing)
        assert self.carry_out(run, replace=True) == ([False], "training")

    def test_a_finished_one_that_is_trained_anew_is_gone_on_with(self, run):
        self.save(run.result, key="a", finished="2026-11-23")
        self.begin(run)
        assert self.carry_out(run, resume=True, replace=False) == ([True], "continued")

    def test_what_is_unfinished_may_be_a_folder(self, tmp_path):
        folder = tmp_path / "members"
        (folder / "1").mkdir(parents=True)
        run = Run(tmp_path / "best.pt", "a", folder, lambda: True)
        assert self.carry_out(run, resume=True) == ([False], "training")  # nothing in it yet
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "last_x.pt").touch()
        assert self.carry_out(run, resume=True) == ([True], "continued")
        assert not folder.exists()

    def test_a_training_that_stops_leaves_its_state(self, run):
        def stop(goes_on):
            self.begin(run)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run.carry_out(stop)
        assert run.unfinished.exists()
