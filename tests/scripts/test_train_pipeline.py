from builders import build_config, load_script


def test_the_pipeline_goes_from_store_to_student_and_prints_both(tmp_path, capsys):
    config = build_config(tmp_path)
    arguments = ["--config", str(tmp_path / "config.yaml")]
    assert load_script("train_pipeline").main(arguments) == 0
    printed = capsys.readouterr().out
    assert "teacher, validation" in printed
    assert "student, validation" in printed
    assert config.student.checkpoint.exists()
    assert load_script("train_pipeline").main(arguments) == 0
    assert "phase 2, student: skipped" in capsys.readouterr().out


def test_records_that_are_not_there_are_named(tmp_path, capsys):
    config = build_config(tmp_path)
    config.data.store.unlink()
    arguments = ["--config", str(tmp_path / "config.yaml"), "--records", str(tmp_path / "no.zip")]
    assert load_script("train_pipeline").main(arguments) == 2
    assert "no.zip" in capsys.readouterr().err
