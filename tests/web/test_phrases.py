"""What the page says in Japanese is what the code says in English."""

import ast
import re

from nextims.config import PROJECT_ROOT

SOURCES = PROJECT_ROOT / "src"
PAGE = (PROJECT_ROOT / "web" / "src" / "phrases.ts").read_text(encoding="utf-8")
PHRASES = re.findall(r'^  \["(.+)", "(.+)"\],$', PAGE, re.MULTILINE)
HOLE = "{}"


def trees(folder):
    for path in sorted((SOURCES / folder).rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def template(node):
    """Return the text of a literal, holes for what an f-string fills in; None of anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) or HOLE for part in node.values)
    return None


def translated(text):
    forms = (re.escape(english).replace(re.escape(HOLE), "(.+?)") for english, _ in PHRASES[:-2])
    return any(re.fullmatch(form, text, re.DOTALL) for form in forms)


def test_each_phrase_is_said_by_the_code():
    assert len(PHRASES) > 80
    literals = {
        node.value
        for tree in trees(".")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    everything = "\n".join(literals)
    parts = [part.strip() for english, _ in PHRASES for part in re.split(r"\{\}|[():;,]", english)]
    unsaid = [part for part in parts if part not in everything]
    assert unsaid == []


def test_each_refusal_of_a_structure_has_its_phrase():
    refusals = {
        tuple(map(template, node.args))
        for tree in trees("chemistry")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "MoleculeError"
        and template(node.args[0])
    }
    assert len(refusals) > 15
    # A detail that is worked out stands in parentheses, or for an element or an isotope.
    said = [
        [f"{reason} {known}" for known in detail if known]
        or [reason, f"{reason} (C)", f"{reason} C"]
        for reason, *detail in refusals
    ]
    assert [each for each in said if not any(map(translated, each))] == []


def test_what_an_english_phrase_tells_of_the_japanese_one_tells_of():
    for english, japanese in PHRASES:
        holes = re.findall(r"\{\d?\}", japanese)
        assert len(holes) <= english.count(HOLE), english
        assert len(set(holes)) == len(holes) or set(holes) == {HOLE}, japanese
