"""The recipes of conda, Docker and CI say what setup.py says."""

import ast
import re

import pytest
import yaml

from nextims.config import PROJECT_ROOT
from nextims.version import __version__


def text(name):
    return (PROJECT_ROOT / name).read_text(encoding="utf-8")


def setup_value(name):
    """Return a plain value of setup.py: one of its constants, or an argument of ``setup``."""
    tree = ast.parse(text("setup.py"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
        if isinstance(node, ast.keyword) and node.arg == name:
            return ast.literal_eval(node.value)
    raise LookupError(name)


def test_conda_needs_what_the_wheel_needs():
    recipe = yaml.safe_load(text("packaging/conda/meta.yaml"))
    assert recipe["package"] == {"name": "nextims", "version": __version__}
    [python, *needed] = recipe["requirements"]["run"]
    assert python == f"python {setup_value('python_requires')}"
    wanted = [*setup_value("install_requires"), *setup_value("PLOT")]
    named = [each.replace("matplotlib-base ", "matplotlib").replace(" ", "") for each in needed]
    assert named == wanted
    [entry] = setup_value("entry_points")["console_scripts"]
    assert recipe["build"]["entry_points"] == [entry]


def test_docker_gets_what_the_wheel_is_built_of():
    lines = text(".dockerignore").splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert all((PROJECT_ROOT / name).exists() for name in let_through)
    built_of = {"src", "setup.py", "pyproject.toml", "README.md", *setup_value("SHIPPED")}
    assert built_of <= let_through


def test_the_image_is_the_command():
    text_ = text("Dockerfile")
    assert len(re.findall(r"^FROM python:3\.12-slim", text_, re.MULTILINE)) == 2
    assert re.search(r'^ENTRYPOINT \["nextims"\]$', text_, re.MULTILINE)
    [extras] = re.findall(r"/wheels/nextims-\*\.whl\)\[([a-z,]+)\]", text_)
    assert extras.split(",") == ["plot", "web"]


@pytest.mark.parametrize(
    ("job", "command"),
    [
        ("tests", "bash .ci/run"),
        ("pages", "mkdocs build --strict"),
        ("wheel", "pip wheel"),
        ("image", "docker build"),
    ],
)
def test_the_workflow_runs(job, command):
    workflow = yaml.safe_load(text(".github/workflows/ci.yml"))
    steps = workflow["jobs"][job]["steps"]
    assert any(command in step.get("run", "") for step in steps)
    assert steps[0]["uses"].startswith("actions/checkout")


def test_actions_are_pinned_by_commit_with_their_version():
    used = re.findall(r"uses: (.*)", text(".github/workflows/ci.yml"))
    assert len(used) >= 8
    for each in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each
