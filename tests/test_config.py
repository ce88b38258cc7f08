import time

import pytest
import yaml

from nextims.config import DEFAULT_CONFIG, PROJECT_ROOT, Config, ConfigError, load_config


def write(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def complaint(tmp_path, text):
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, text))
    return str(error.value)


def test_the_shipped_file_names_every_setting_with_its_default():
    shipped = yaml.safe_load(DEFAULT_CONFIG.read_text())
    assert shipped == Config().model_dump(mode="json")


def test_an_empty_file_gives_the_defaults(tmp_path):
    config = load_config(write(tmp_path, ""))
    assert config.training == Config().training


def test_paths_are_taken_from_the_files_folder(tmp_path):
    config = load_config(write(tmp_path, "data: {store: library/spectra.h5}"))
    assert config.data.store == tmp_path / "library/spectra.h5"
    assert config.student.checkpoint == tmp_path / "checkpoints/student/best_student.pt"


def test_a_section_that_is_given_in_part_keeps_its_own_defaults(tmp_path):
    training = load_config(write(tmp_path, "training: {pretrain: {epochs: 5}}")).training
    assert training.pretrain.epochs == 5
    assert training.pretrain.learning_rate == Config().training.pretrain.learning_rate
    assert training.pretrain.patience == Config().training.pretrain.patience


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data: {max_mzz: 500}", ["data.max_mzz", "500", "data.max_mz"]),
        ("dta: {max_mz: 500}", ["dta", "nearest valid key is data"]),
        ("training: {lr: 0.1}", ["training.lr", "nearest valid key is training."]),
        ("max_mz: 500", ["max_mz", "nearest valid key is data.max_mz"]),
        ("data: {max_mz: many}", ["data.max_mz", "'many'", "a whole number", "from 50"]),
        ("data: {max_mz: 5}", ["data.max_mz", "found 5", "from 50"]),
        ("data: {max_mz: 500.5}", ["data.max_mz", "500.5", "a whole number"]),
        ("data: {memory_efficient_mode: 1}", ["memory_efficient_mode", "true or false"]),
        ("data: {split_by: chance}", ["data.split_by", "'chance'", "inchikey, scaffold"]),
        ("data: {energy_range: [80, 60]}", ["energy_range", "[80.0, 60.0]"]),
        (
            "data: {test_fraction: 0.6, validation_fraction: 0.5}",
            ["data: found validation_fraction 0.5 and test_fraction 0.6", "a sum of less than 1"],
        ),
        ("distillation: {mc_samples: 1}", ["distillation.mc_samples: found 1", "0, or a whole nu"]),
        ("student: 3", ["student", "a section with the keys checkpoint, ions"]),
        ("- a\n- b", ["found list"]),
        ("data: {max_mz: 500", ["not readable as YAML"]),
    ],
)
def test_a_mistake_is_named_with_key_finding_and_what_is_allowed(tmp_path, text, words):
    message = complaint(tmp_path, text)
    assert "config.yaml" in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    "text", ["teacher: {members: 1}", "student: {active_experts: 5}", "student: {experts: 1}"]
)
def test_what_one_phase_makes_of_its_settings_stops_no_other(tmp_path, text):
    load_config(write(tmp_path, text))


def test_a_phase_names_the_file_and_the_key_of_a_mistake(tmp_path):
    config = load_config(write(tmp_path, "student: {active_experts: 5}"))
    for same in (config, config.on_devices(2), config.with_root(tmp_path / "elsewhere")):
        error = same.mistake("student.active_experts", "found 5; allowed: to 4")
        assert str(error) == (
            f"{tmp_path / 'config.yaml'}: student.active_experts: found 5; allowed: to 4"
        )


class TestToRead:
    @pytest.fixture
    def config(self, tmp_path):
        return load_config(write(tmp_path, ""))

    @pytest.mark.parametrize("name", ["bde", "teacher", "student"])
    def test_a_shipped_model_is_read_where_its_place_is_empty(self, config, name):
        own, said = getattr(config, name).checkpoint, []
        shipped = PROJECT_ROOT / getattr(Config(), name).checkpoint
        assert config.to_read(own, said.append) == shipped
        assert said == [f"{own}: not there; read instead is {shipped}, which comes with NExtIMS"]
        # What is written goes to its place.
        assert own.is_relative_to(config.data.store.parents[2])

    def test_a_model_of_ones_own_goes_before_it(self, config):
        own = config.student.checkpoint
        own.parent.mkdir(parents=True)
        own.touch()
        assert config.to_read(own, pytest.fail) == own

    def test_a_default_that_is_written_out_is_one(self, tmp_path):
        config = load_config(write(tmp_path, "bde: {checkpoint: checkpoints/bde/bde.pt}"))
        assert config.to_read(config.bde.checkpoint) == load_config().bde.checkpoint

    def test_a_place_of_ones_own_is_not_replaced(self, tmp_path):
        for place in ("mine.pt", "mine/checkpoints/bde/bde.pt"):
            config = load_config(write(tmp_path, f"bde: {{checkpoint: {place}}}"))
            assert config.to_read(config.bde.checkpoint, pytest.fail) == tmp_path / place

    def test_beside_the_code_all_stays_as_it_is(self):
        config = load_config()
        assert config.to_read(config.student.checkpoint, pytest.fail) == config.student.checkpoint
        missing = config.teacher.pretrained
        assert config.to_read(missing, pytest.fail) == missing


def test_all_mistakes_are_reported_together(tmp_path):
    message = complaint(tmp_path, "data: {max_mz: 5, colour: red}\nteacher: {dropout: 2.0}")
    assert len(message.splitlines()) == 3


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such configuration file"):
        load_config(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("text", ["data:\n  max_mz: 5\n  max_mz: 600\n", "data: {}\ndata: {}\n"])
def test_a_key_that_stands_twice_is_named(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"line [23]: the key (max_mz|data) stands twice"):
        load_config(path)


def test_a_number_that_yaml_takes_for_a_text_gets_a_hint(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("training: {finetune: {learning_rate: 2e-3}}\n")
    with pytest.raises(ConfigError, match=r"learning_rate: found '2e-3'.*as in 2\.0e-3"):
        load_config(path)


def test_the_number_of_devices_may_be_named_beside_the_file(tmp_path):
    path = write(tmp_path, "training: {devices: 2}")
    config = load_config(path)
    assert config.on_devices(None).training.devices == 2
    assert config.on_devices(4).training.devices == 4
    with pytest.raises(ConfigError, match="--devices: found 0, allowed: from 1"):
        config.on_devices(0)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{data: 1}: 2}", "line 1: a key is no word"),
        ("? [data, bde]\n: 3", "a key is no word"),
        ("data: {store: 2026-13-45}", "line 1: '2026-13-45' cannot be read as timestamp"),
        ("data: {store: 2026-02-30}", "cannot be read as timestamp"),
        ("data:\n  max_mz: " + "9" * 5000, "line 2: '9999"),
        ("data: {max_mz: " + "9" * 4000 + "}", "data.max_mz: found 9999"),
        ('data: {max_mz: !!int "abc"}', "line 1: 'abc' cannot be read as int"),
        ('data: {max_mz: !!int ""}', "cannot be read as int"),
        ('data: {max_mz: !!float "abc"}', "cannot be read as float"),
        ('data: {max_mz: !!bool "abc"}', "cannot be read as bool"),
        ('data: {max_mz: !!timestamp "abc"}', "cannot be read as timestamp"),
        ('data: {max_mz: !!binary "a"}', "line 1: failed to decode base64 data"),
        ("data: !!map [1]", "line 1: expected a mapping"),
        ("data: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("[" * 100_000, "nested more than 20 deep"),
        ("[" * 400 + "]" * 400, "nested more than 20 deep"),
        ("- " * 40_000, "nested more than 20 deep"),
        ("{a: " * 100 + "1" + "}" * 100, "nested more than 20 deep"),
        (BOMB, "more than 10000 values"),
        (MERGES, "more than 10000 values"),
        ("data: &a {x: *a}", "a section that holds itself"),
        ("data: &a {<<: *a}", "a section that holds itself"),
        ("data: {max_mz: *nothing}", "undefined alias"),
        ("x: " + "y" * 200_000, "200003 characters, expected up to 100000"),
        ("data: {max_mz: 5\x07}", "characters are not allowed"),
        ("a: 1\n--- \nb: 2", "but found another document"),
        ("data: {max_mz: " + "x" * 50_000 + "}", "data.max_mz: found 'xxxx"),
        ('data: {"a\\nb": 3}', r"data.a\nb: unknown key"),
        ("data:\n  ? " + "z" * 50_000 + "\n  : 3", "unknown key"),
    ],
    ids=range(29),
)
def test_hostile_text_is_told_in_one_line_and_at_once(tmp_path, text, words):
    start = time.process_time()
    message = complaint(tmp_path, text)
    assert time.process_time() - start < 10  # a bomb took 30 s
    assert words in message
    assert len(message) < 600
    assert message.count("config.yaml") == len(message.splitlines()) == 1


def test_many_mistakes_are_counted(tmp_path):
    text = "".join(f"key{i}: {i}\n" for i in range(3000))
    lines = complaint(tmp_path, text).splitlines()
    assert len(lines) == 21
    assert lines[-1].endswith("and 2980 more mistakes")


def test_an_alias_stands_for_what_it_names(tmp_path):
    text = "training:\n  pretrain: &same {epochs: 3}\n  student: {<<: *same, patience: 4}\n"
    training = load_config(write(tmp_path, text)).training
    assert (training.pretrain.epochs, training.student.epochs) == (3, 3)
