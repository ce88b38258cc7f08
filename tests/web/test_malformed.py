"""Whatever is sent, the server says what is wrong with it and goes on."""

import json
import random
from contextlib import suppress
from itertools import product

import httpx2
import pytest

from nextims.config import PROJECT_ROOT

pytestmark = pytest.mark.slow
SEED = 7
STRUCTURES = [
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "C[C@@H](N)C(=O)O",
    "[2H]C([2H])([2H])O",
    "c1ccc2c(c1)[nH]c1ccccc12",
    "C[Si](C)(C)OCC(O)CO[Si](C)(C)C",
    "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3",
    "OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O |t:3|",
    "F/C=C/Cl",
    "[Na+].[Cl-]",
    "C%12CCCCC%12",
]
SIGNS = "()[]{}<>=#$:/\\.@+-%0123456789CNOPSFclHhnosBrISi*~?!|\t\n\r\0 é漢🧪\u202e'\"&;`,_^"


def malformed(number):
    """Return a structure with some letters changed, doubled or taken out; or none at all."""
    rng = random.Random(SEED + number)
    text = rng.choice(STRUCTURES)
    kind = number % 5
    if kind == 0:
        return "".join(rng.choice(SIGNS) for _ in range(rng.randint(1, 60)))
    if kind == 1:
        return text * rng.randint(2, 40)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(text))
        added = rng.choice(SIGNS) if kind < 4 else text[place : place + rng.randint(1, 9)]
        text = text[:place] + added + text[place + rng.randint(0, 2) :]
    return text or "("


def test_a_thousand_malformed_structures(client):
    predicted = refused = 0
    for start in range(0, 1000, 50):
        texts = [malformed(number) for number in range(start, start + 50)]
        answer = client.post("/predict", json={"structures": [{"structure": t} for t in texts]})
        assert answer.status_code == 200, answer.text
        for given, each in zip(texts, answer.json()["predictions"], strict=True):
            assert ("error" in each) != ("peaks" in each), given
            predicted += "peaks" in each
            refused += "error" in each
        for path in ("/label", "/export", "/compare"):
            request = {"structure": texts[0]}
            request |= {"/label": {"atom": 0, "isotope": "13C"}}.get(path, {})
            request |= {"/compare": {"measured": {"peaks": [[31, 9]]}}}.get(path, {})
            assert client.post(path, json=request).status_code in (200, 422)
    assert refused > 500
    assert predicted > 50


def test_a_thousand_malformed_files(client):
    examples = [path for path in (PROJECT_ROOT / "docs" / "examples").iterdir() if path.is_file()]
    rng = random.Random(SEED)
    endings = (".msp", ".jdx", ".sdf", ".mgf", ".json", ".csv", ".txt", ".h5", ".parquet", ".gz")
    for _ in range(500):
        content = bytearray(rng.choice(examples).read_bytes()[:3000])
        for _ in range(rng.randint(0, 60)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        name = f"a{rng.choice(endings)}{rng.choice(('', '', '.gz'))}"
        for kind in ("spectra", "structures"):
            answer = client.post(f"/read/{kind}?name={name}", content=bytes(content))
            assert answer.status_code in (200, 422), (name, answer.text)
            json.dumps(answer.json(), allow_nan=False)


def test_a_fuzz_of_what_the_api_says_of_itself(address):
    schemathesis = pytest.importorskip("schemathesis", reason="needs pip install schemathesis")
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    httpx2.post(f"{address}annotate", json={"structure": "C"}, timeout=120)  # loads the teacher
    schema = schemathesis.openapi.from_url(f"{address}openapi.json")
    asked = 0
    for found, mode in product(schema.get_all_operations(), schemathesis.GenerationMode):

        @seed(SEED)
        @settings(
            max_examples=100,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=found.ok().as_strategy(generation_mode=mode))
        def ask(case):
            nonlocal asked
            asked += 1
            # A text may be none of a structure.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        with suppress(Unsatisfiable):  # nothing can be wrong with a request that holds nothing
            ask()
    assert asked > 1000
