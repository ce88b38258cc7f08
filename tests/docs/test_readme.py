"""The README and its translation: short, alike, and true."""

import re

import pytest

from nextims.config import PROJECT_ROOT

NAMES = ("README.md", "README.ja.md")


def text(name):
    return (PROJECT_ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_it_is_short_and_its_links_lead_somewhere(name):
    assert len(text(name).splitlines()) <= 90
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text(name))
    assert len(links) > 20
    for link in links:
        assert link.startswith("http") or (PROJECT_ROOT / link).exists(), link


def test_both_say_the_same_commands_and_pages():
    own, other = (re.findall(r"`(nextims [^`]+)`|\((docs/[^)]+)\)", text(name)) for name in NAMES)
    assert len(own) > 20
    assert set(own) == set(other)
    blocks = [re.findall(r"^```bash\n(.*?)^```", text(name), re.M | re.S) for name in NAMES]
    assert len(blocks[0]) == 2
    assert blocks[0] == blocks[1]
