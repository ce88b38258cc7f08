"""What the API answers, on real chemistry; and that it gives away and takes in nothing else."""

import gzip
import io
import json
import re

import h5py
import numpy as np
import pytest

from nextims.config import PROJECT_ROOT, load_config
from nextims.formats.exported import exported_peaks
from nextims.formats.reading import read_spectra
from nextims.inference.loading import load_predictor
from nextims.searching.entries import predicted_entry
from nextims.searching.ranking import search
from nextims.searching.retention import WEIGHT, RetentionSearch
from nextims.web.application import PAGE
from nextims.web.requests import ExportRequest, MeasuredSpectrum

EXAMPLES = PROJECT_ROOT / "docs" / "examples"
ETHANOL = {"peaks": [[29, 299], [31, 999], [45, 517], [46, 216]], "name": "peak 7"}


def ask(client, path, **request):
    return client.post(path, json=request)


def predict(client, *smiles, **options):
    structures = [{"structure": each} for each in smiles]
    answer = ask(client, "/predict", structures=structures, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def test_each_structure_has_its_answer_in_its_place(client):
    ethanol, broken, water = predict(client, "CCO", "C1CC", "InChI=1S/H2O/h1H2")
    assert max(ethanol["peaks"], key=lambda peak: peak[1]) == [31, 999]
    assert (ethanol["formula"], ethanol["nominal_mass"]) == ("C2H6O", 46)
    assert 0.5 < ethanol["expected_similarity"]["cosine"]["mean"] <= 1
    assert ethanol["neighbours"][0] == {"name": "ETHANOL", "similarity": 1.0}
    assert "RDKit" in broken["error"] and "peaks" not in broken
    assert water["smiles"] == "O"


def test_it_predicts_what_the_command_predicts(client):
    [own] = load_predictor(load_config()).predict(["CCCCCC(=O)OC"])
    expected = [[peak.mz, peak.intensity] for peak in exported_peaks(own)]
    assert predict(client, "CCCCCC(=O)OC")[0]["peaks"] == expected


def test_a_drawing_has_a_place_for_each_atom(client):
    [drawn] = predict(client, "OCC", drawing=True)
    drawing = drawn["drawing"]
    assert drawing["svg"].startswith("<svg") and "<script" not in drawing["svg"]
    assert len(drawing["atoms"]) == 3
    assert all(0 < x < drawing["width"] and 0 < y < drawing["height"] for x, y in drawing["atoms"])
    assert drawing["mol_block"].splitlines()[3].split()[0] == "3"


def test_derivatives_stand_in_the_place_of_the_parent(client):
    [silylated] = predict(client, "CCCCCC(=O)O", derivative="tms")
    assert silylated["smiles"] == "CCCCCC(=O)O[Si](C)(C)C"
    assert silylated["name"].endswith("1TMS")
    assert [each["name"][-4:] for each in predict(client, "CC(N)C(=O)O", derivative="tms")] == [
        "2TMS",
        "3TMS",
    ]


def test_labels_come_and_go(client):
    smiles = "CO"
    # Along the SMILES the carbon comes behind the first deuterium.
    for atom, expected in ((0, "[2H]CO"), (1, "[2H]C([2H])O"), (1, "[2H]C([2H])([2H])O")):
        answer = ask(client, "/label", structure=smiles, atom=atom, isotope="2H")
        smiles = answer.json()["smiles"]
        assert smiles == expected
    heavy, light = predict(client, smiles, "CO")
    assert heavy["nominal_mass"] == light["nominal_mass"] + 3
    assert ask(client, "/label", structure=smiles, atom=1, isotope="2H").json() == {"smiles": "CO"}
    assert ask(client, "/label", structure="CO", atom=1, isotope="13C").status_code == 422


def test_a_spectrum_is_most_like_itself(client):
    answer = ask(client, "/compare", measured=ETHANOL, reference=ETHANOL).json()
    assert answer["scores"]["cosine"] == pytest.approx(1)
    assert answer["scores"]["nist_identity_match_factor"] == 999
    own, other = (
        ask(client, "/compare", measured=ETHANOL, structure=smiles).json()
        for smiles in ("CCO", "c1ccccc1")
    )
    assert own["scores"]["cosine"] > 0.9 > 0.5 > other["scores"]["cosine"]
    assert own["prediction"]["smiles"] == "CCO"


def test_candidates_are_ranked_and_those_of_another_formula_left_out(client):
    candidates = [{"structure": each, "name": each} for each in ("COC", "CCO", "C1CC", "CC(C)=O")]
    ranking = ask(client, "/rank", measured=ETHANOL, candidates=candidates, formula="C2H6O").json()
    assert [(hit["rank"], hit["smiles"]) for hit in ranking["hits"]] == [(1, "CCO"), (2, "COC")]
    assert ranking["hits"][0]["peaks"] and ranking["hits"][0]["drawing"]["svg"]
    assert len(ranking["failures"]) == 1
    assert ranking["csv"].splitlines()[1].startswith("peak 7,1,,1,")


def test_the_retention_index_is_compared_as_a_search_does_and_counts_where_asked(client):
    [own] = load_predictor(load_config()).predict(["CCO"])
    measured = {**ETHANOL, "retention_index": 500, "column": "DB-5"}
    request = {"candidates": [{"structure": "CCO"}], "measured": measured}
    [plain] = ask(client, "/rank", **request).json()["hits"]
    assert plain["retention_difference"] == pytest.approx(own.retention_index.value - 500)
    assert plain["retention_index_low"] < plain["retention_index"] < plain["retention_index_high"]
    [bare] = ask(client, "/rank", **request | {"measured": ETHANOL}).json()["hits"]
    assert (bare["score"], bare["retention_difference"]) == (plain["score"], None)
    [counted] = ask(client, "/rank", **request, by_retention_index=True).json()["hits"]
    query, entries = MeasuredSpectrum(**measured).record, [predicted_entry(own)]
    [result] = search([query], entries, retention=RetentionSearch(index=500, weight=WEIGHT))
    assert counted["score"] == pytest.approx(result.hits[0].score) != plain["score"]
    measured["column"] = "DB-Wax"
    [polar] = ask(client, "/rank", **request).json()["hits"]
    assert polar["retention_difference"] is None


def test_what_a_file_says_of_the_chromatography_is_told(client):
    content = b"Name: a\nRI: 1620\nRETENTIONTIME: 12.34\nColumn: DB-Wax\nNum Peaks: 1\n31 9\n"
    [spectrum] = client.post("/read/spectra?name=a.msp", content=content).json()["spectra"]
    assert (spectrum["retention_index"], spectrum["retention_time"]) == (1620, 12.34)
    assert (spectrum["column"], spectrum["column_kind"]) == ("DB-Wax", "polar")


def test_all_candidates_that_are_left_out_are_counted(client):
    candidates = [{"structure": "CCO"}, *({"structure": f"C1CC{'C' * n}"} for n in range(25))]
    ranking = ask(client, "/rank", measured=ETHANOL, candidates=candidates).json()
    assert (ranking["compared"], ranking["left_out"], len(ranking["failures"])) == (1, 25, 20)


def test_a_candidate_that_is_too_large_is_left_out_unread(client):
    candidates = [{"structure": "C" * 101}, {"structure": "CCO"}]
    ranking = ask(client, "/rank", measured=ETHANOL, candidates=candidates, formula="C2H6O").json()
    assert [hit["smiles"] for hit in ranking["hits"]] == ["CCO"]
    assert ranking["left_out"] == 1
    [failure] = ranking["failures"]
    assert failure.endswith("more than 100 atoms")


def test_the_library_is_searched_where_there_are_no_candidates(client):
    [record] = read_spectra(EXAMPLES / "measured.msp")
    peaks = list(zip(record.spectrum.mz.tolist(), record.spectrum.intensity.tolist(), strict=True))
    ranking = ask(client, "/rank", measured={"peaks": peaks}).json()
    assert ranking["hits"][0]["name"] == record.name
    assert ranking["hits"][0]["source"] == "measured"


@pytest.mark.parametrize("ending", ExportRequest.model_fields["format"].annotation.__args__)
def test_what_is_downloaded_can_be_read_again(client, ending):
    answer = ask(client, "/export", structure="CCO", name="ethyl alcohol", format=ending)
    assert answer.status_code == 200
    assert f'"spectrum{ending}"' in answer.headers["content-disposition"]
    read = client.post(f"/read/spectra?name=a{ending}", content=answer.content).json()
    assert read["problems"] == []
    [spectrum] = read["spectra"]
    assert max(spectrum["peaks"], key=lambda peak: peak[1])[0] == 31


def test_structures_of_a_file(client):
    content = (EXAMPLES / "candidates.smi").read_bytes()
    read = client.post("/read/structures?name=list.smi", content=content).json()
    assert len(read["structures"]) > 5
    table = b"name,smiles\nethanol,CCO\nnothing,\n"
    read = client.post("/read/structures?name=list.csv.gz", content=gzip.compress(table)).json()
    assert read["structures"] == [{"structure": "CCO", "name": "ethanol"}]
    assert len(read["problems"]) == 1


@pytest.mark.parametrize(
    ("path", "request_", "said"),
    [
        ("/predict", {"structures": []}, "structures: List should have at least 1 item"),
        ("/predict", {"structures": [{"structure": "C", "nme": ""}]}, "structures.0.nme: Extra"),
        ("/predict", {"structures": [{"structure": "C"}] * 65}, "at most 64"),
        ("/predict", {"structures": [{"structure": "C"}], "energy": 12}, "only the teacher"),
        ("/predict", {"structures": [{"structure": "C" * 30001}]}, "at most 30000"),
        ("/predict", {"structures": [{"structure": "\ud800"}]}, "structures.0.structure"),
        ("/export", {"structure": "C1CC"}, "structure: RDKit cannot read"),
        ("/export", {"structure": "C" * 101}, "more than 100 atoms"),
        ("/export", {"structure": "C", "format": ".h5"}, "format: Input should be '.msp'"),
        ("/compare", {"measured": ETHANOL}, "either structure or reference"),
        ("/compare", {"measured": {"peaks": [[31, 0]]}, "structure": "C"}, "no peak"),
        ("/compare", {"measured": {"peaks": [[0, 5]]}, "structure": "C"}, "greater than 0"),
        ("/rank", {"measured": ETHANOL, "formula": "XyZ"}, "not a molecular formula"),
        ("/label", {"structure": "C", "atom": 7, "isotope": "2H"}, "no such atom (7 of 1)"),
    ],
)
def test_what_is_wrong_is_said(client, path, request_, said):
    answer = client.post(
        path, content=json.dumps(request_), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("text", ['{"structures": NaN}', '{"structures": [{"structure": 1e999}]}'])
def test_what_is_no_json_is_no_error_of_the_server(client, text):
    answer = client.post("/predict", content=text, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]


def test_only_the_ending_of_a_name_counts(client, tmp_path):
    (tmp_path / "secret.msp").write_text("Name: secret\nNum Peaks: 1\n18 9\n")
    for name in (f"{tmp_path}/secret.msp", "../../../etc/passwd.msp", "..\\a.msp", "a\0.msp"):
        read = client.post("/read/spectra", params={"name": name}, content=b"")
        assert "secret" not in json.dumps(read.json().get("spectra", []))
        assert str(tmp_path) not in read.text or read.status_code == 200
    for name in ("passwd", "..", "/", ".msp.", "a.exe"):
        read = client.post("/read/spectra", params={"name": name}, content=b"18 999")
        assert read.status_code == 422
        assert "unknown ending" in read.json()["detail"]


def test_an_error_calls_the_file_by_its_own_name(client):
    read = client.post("/read/structures?name=/home/me/list.smi", content=b"<html></html>")
    assert "list.smi" in read.text and "/home" not in read.text and "/tmp" not in read.text


def test_no_file_has_another_one_read(client, tmp_path):
    (tmp_path / "outside").write_bytes(np.arange(4.0).tobytes())
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["peaks/offsets"], file["metadata/name"] = [0, 4], ["a"]
        file["peaks/intensity"] = np.ones(4)
        file.create_dataset(
            "peaks/mz", (4,), "f8", external=[(str(tmp_path / "outside"), 0, h5py.h5f.UNLIMITED)]
        )
    answer = client.post("/read/spectra?name=a.h5", content=content.getvalue())
    assert answer.status_code == 422
    assert "lies in another file" in answer.json()["detail"]
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["peaks"] = h5py.ExternalLink(str(tmp_path / "outside"), "/")
    assert client.post("/read/spectra?name=a.h5", content=content.getvalue()).status_code == 422


def test_what_is_too_long_is_refused(client):
    assert client.post("/predict", content=b" " * 200_001).status_code == 413
    bomb = gzip.compress(b"C" * 300_000)
    answer = client.post("/read/structures?name=a.smi.gz", content=bomb)
    assert "more than 200,000 bytes when unpacked" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["a.smi", "a.csv", "a.smi.gz"])
def test_a_gzipped_file_is_known_by_its_content_and_weighed_unpacked(client, name):
    answer = client.post(f"/read/structures?name={name}", content=gzip.compress(b"C\n" * 150_000))
    assert "more than 200,000 bytes when unpacked" in answer.json()["detail"]


def test_a_gzipped_file_is_read_whole_or_refused(client):
    water = b"Name: water\nNum Peaks: 2\n17 212; 18 999\n\n"
    joined = gzip.compress(water) + gzip.compress(water.replace(b"water", b"ice"))
    read = client.post("/read/spectra?name=a.msp.gz", content=joined).json()
    assert [spectrum["name"] for spectrum in read["spectra"]] == ["water", "ice"]
    answer = client.post("/read/spectra?name=a.msp.gz", content=gzip.compress(water)[:-12])
    assert answer.status_code == 422
    assert "a.msp.gz: cannot be read as gzip" in answer.json()["detail"]


def test_a_file_goes_by_its_own_name(client):
    read = client.post("/read/spectra?name=lab/peak 7.csv", content=b"17,212\n18,999\n").json()
    assert read["spectra"][0]["name"] == "peak 7"
    read = client.post("/read/spectra?name=lab.msp", content=b"\0" * 100).json()
    assert read["problems"] == [
        "line 1: the file is damaged from here on (lab.msp: not a text file)"
    ]


def test_it_answers_its_own_page_only(client):
    for host in (
        "evil.example",
        "evil.example:8470",
        "127.0.0.1.evil.example",
        "192.0.2.7",
        "localhost:evil.example",
        "",
    ):
        assert client.get("/health", headers={"host": host}).status_code == 400
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8470"):
        answer = client.post("/predict", json={}, headers={"origin": origin})
        assert answer.status_code == 403
    assert client.get("/health", headers={"origin": "http://127.0.0.1:8470"}).status_code == 200
    assert client.get("/health", headers={"host": "[::1]:8470"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/health", "/nothing", "/openapi.json"])
def test_every_answer_says_what_a_page_may_load(client, path):
    policy = client.get(path).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    assert client.get(path).headers["x-content-type-options"] == "nosniff"


def test_a_refusal_says_so_too(client):
    assert "content-security-policy" in client.get("/", headers={"host": "evil"}).headers


def test_the_page_takes_nothing_from_elsewhere(client):
    for path in ("/", "/docs"):
        page = client.get(path)
        assert page.headers["content-type"].startswith("text/html")
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert loaded
        for each in loaded:
            assert client.get(each).status_code == 200, each
        assert "style=" not in page.text and not re.search(r"<script(?![^>]* src=)", page.text)


def test_no_address_reaches_a_file(client):
    for path in ("/../application.py", "/%2e%2e/application.py", "/..%2fapplication.py"):
        assert client.get(path).status_code == 404
    assert client.get("/app.js").status_code == 200
    tag = client.get("/app.js").headers["etag"]
    assert client.get("/app.js", headers={"if-none-match": tag}).status_code == 304


def test_licences_of_what_is_shipped_stand_beside_it(client):
    licences = (PAGE / "LICENSES.txt").read_text(encoding="utf-8")
    for name in ("openchemlib", "preact", "swagger-ui"):
        assert name in licences.lower()
    assert client.get("/LICENSES.txt").text == licences


def test_it_says_what_it_has(client):
    health = client.get("/health").json()
    assert health["status"] == "ok"
    assert health["library"] == "measured.msp"
    assert health["model"].startswith("student")
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/predict", "/compare", "/rank", "/annotate", "/health"} <= paths.keys()
