"""The Galaxy tools: their own tests, as Galaxy runs them but without Galaxy."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from nextims.config import PROJECT_ROOT
from nextims.version import __version__

FOLDER = PROJECT_ROOT / "packaging" / "galaxy"
TOOLS = ("nextims_predict", "nextims_search")


def tool(name):
    return ElementTree.parse(FOLDER / f"{name}.xml").getroot()


TESTS = [(name, number) for name in TOOLS for number in range(len(tool(name).findall(".//test")))]


class Dataset(SimpleNamespace):
    """A file as a tool's template sees it."""

    def __str__(self):
        return self.path


def value(param, given, folder):
    """Return what the template gets for a parameter: what the test gives, or else its default."""
    kind = param.get("type")
    if kind == "data":
        path = folder / f"dataset_{param.get('name')}.dat"  # Galaxy's names tell no format
        shutil.copy(FOLDER / "test-data" / given.get("value"), path)
        return Dataset(path=str(path), ext=given.get("ftype"))
    text = param.get("value", "") if given is None else given.get("value")
    if kind == "select" and given is None:
        return param.find("option[@selected='true']").get("value")
    if kind == "boolean":
        return param.get("truevalue" if text == "true" else "falsevalue")
    return text


def values(inputs, test, folder):
    """Return all that the template gets: parameters by name, those of a conditional within it."""
    found = {}
    for param in inputs.findall("param"):
        name = param.get("name") or param.get("argument").lstrip("-").replace("-", "_")
        found[name] = value(param, test.find(f"param[@name='{name}']"), folder)
    for conditional in inputs.findall("conditional"):
        given = test.find(f"conditional[@name='{conditional.get('name')}']")
        kind = values(conditional, given, folder)
        [chosen] = kind.values()
        when = conditional.find(f"when[@value='{chosen}']")
        found[conditional.get("name")] = SimpleNamespace(**kind, **values(when, given, folder))
    return found


@pytest.mark.parametrize(("name", "number"), TESTS)
def test_a_test_of_a_tool(name, number, tmp_path):
    template = pytest.importorskip("Cheetah.Template", reason='needs pip install -e ".[test]"')
    pytest.importorskip("matplotlib", reason='needs pip install -e ".[test]"')
    root = tool(name)
    test = root.findall(".//test")[number]
    found = values(root.find("inputs"), test, tmp_path)
    outputs = {each.get("name"): tmp_path / each.get("name") for each in root.find("outputs")}
    assert len(outputs) == int(test.get("expect_num_outputs"))
    found |= {output: str(path) for output, path in outputs.items()}
    text = str(template.Template(root.find("command").text.strip(), searchList=[found]))
    nextims = f"{shlex.quote(sys.executable)} -m nextims"
    command = " ".join(text.split("\n")).replace("nextims ", f"{nextims} ", 1)
    # Galaxy's shell stops at the first command that fails.
    done = subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "GALAXY_SLOTS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr  # 3 is a warning
    for output in test.findall("output"):
        written = outputs[output.get("name")].read_text(encoding="utf-8")
        for wanted in output.iter("has_text"):
            assert wanted.get("text") in written
        for unwanted in output.iter("not_has_text"):
            assert unwanted.get("text") not in written


@pytest.mark.parametrize("name", TOOLS)
def test_what_a_tool_offers_is_what_the_command_takes(name):
    from importlib import import_module

    command = name.removeprefix("nextims_")
    parser = import_module(f"nextims.cli.subcommands.{command}").build_parser()
    options = {option: action for action in parser._actions for option in action.option_strings}
    visited = 0
    for param in tool(name).iter("param"):
        if (option := param.get("argument")) is None:
            continue
        visited += 1
        choices = {each.get("value") for each in param.findall("option")} - {"none"}
        assert not choices or choices <= set(options[option].choices)
    assert visited >= 2


def test_the_tools_are_of_this_version():
    text = (FOLDER / "macros.xml").read_text(encoding="utf-8")
    assert f'<token name="@TOOL_VERSION@">{__version__}</token>' in text


def test_test_data_are_used():
    used = {param.get("value") for name in TOOLS for param in tool(name).findall(".//test//param")}
    assert {path.name for path in Path(FOLDER / "test-data").iterdir()} <= used
