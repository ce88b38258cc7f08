"""SMILES that were damaged at random: a molecule or its refusal, and never anything else."""

import random
import signal
from contextlib import contextmanager

import pytest
from rdkit import Chem, RDLogger

from builders import build_student
from nextims.chemistry.molecule import read_molecule
from nextims.chemistry.reading.refusals import MoleculeError
from nextims.inference.predictor import Predictor
from nextims.inference.structures.lists import parse_line
from nextims.spectra.prediction import FailedPrediction, PredictedSpectrum

pytestmark = pytest.mark.slow

MUTANTS = 10_000
OF_BATCH = 1_000
SECONDS_EACH = 5
# Of the batch as a whole: a small student takes some milliseconds a structure.
SECONDS_OF_BATCH = 300


def words(text):
    return text.split()


# Everyday molecules, and those whose atoms, charges, rings or hydrogens take a way of their own.
PLAIN = words(
    """
C CC CCO CCCCCC CC(C)C CC(C)(C)O C=C C=CC=C C#C CC#CC C=C=C CCCCCCCC=O CC(C)=O CC(=O)O CC(=O)OCC
CCOCC CCN CCNCC CN(C)C CC#N CC=NO CC(C)=NO CC(C)=NN CS CSC CSSC CS(C)=O CS(C)(=O)=O CCCl CCBr CCI
CF FC(F)(F)F ClC(Cl)=C(Cl)Cl BrC(Br)Br ICI O=C=O S=C=S C=O OCCO OCC(O)CO NCCO NCC(=O)O N O S P
c1ccccc1 Cc1ccccc1 Oc1ccccc1 Nc1ccccc1 O=Cc1ccccc1 OC(=O)c1ccccc1 COc1ccccc1 Clc1ccccc1 Brc1ccccc1
c1ccc2ccccc2c1 c1ccc2cc3ccccc3cc2c1 c1ccc(-c2ccccc2)cc1 c1ccncc1 c1ccoc1 c1ccsc1 c1cc[nH]c1
c1c[nH]cn1 c1cn[nH]c1 c1ccc2[nH]ccc2c1 c1ccc2ncccc2c1 c1cnc2nccnc2n1 C1CCCCC1 C1CCCC1 C1CC1
C1CC2CCC1C2 C1CO1 C1CCOC1 C1COCCO1 C1CCNCC1 C1CNCCN1 C1CCSC1 O=C1CCCCC1 O=C1CCCO1 O=C1CCCN1
CC1=CCC(C(C)=C)CC1 CC1(C)C2CCC1(C)C(=O)C2 CC(C)C1CCC(C)CC1O CC(C)=CCCC(C)=CCO COc1cc(C=O)ccc1O
CC(=O)Oc1ccccc1C(=O)O CC(=O)Nc1ccc(O)cc1 CN1C=NC2=C1C(=O)N(C)C(=O)N2C CN1CCCC1c1cccnc1
CC(Cc1ccccc1)NC NCCc1ccc(O)c(O)c1 COC(=O)C1C(OC(=O)c2ccccc2)CC2CCC1N2C CCOC(=O)c1ccccc1C(=O)OCC
CCCCCCCCCCCCCCCC(=O)OC CC(C)CCCC(C)C1CCC2C3CC=C4CC(O)CCC4(C)C3CCC12C
CC12CCC3c4ccc(O)cc4CCC3C1CCC2=O
"""
)
STEREO = words(
    """
C/C=C/C C/C=C\\C F/C=C/F N[C@@H](C)C(=O)O C[C@H](O)c1ccccc1 C[C@]12CC[C@H](C1)C2(C)C
OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O CC(/C=C/C=O)=C\\C O[C@H]1CCCC[C@@H]1N C/C=N/O
"""
)
CHARGED = words(
    """
C[N+](=O)[O-] [O-][N+](=O)c1ccccc1 CO[N+](=O)[O-] CC[NH3+] [NH3+]CC(=O)[O-] C[N+](C)(C)CC(=O)[O-]
C[N+](C)(C)[O-] c1cc[n+]([O-])cc1 C[S+](C)[O-] C=[N+]=[N-] CN=[N+]=[N-] [C-]#[O+] C[N+]#[C-]
CC(=O)[O-] C[N+](C)(C)C C[n+]1ccccc1 OP(=O)([O-])OCC[N+](C)(C)C NC(=[NH2+])N C[P+](C)(C)[CH2-]
[O-][n+]1ccccc1 [BH4-] F[B-](F)(F)F c1ccc([N+]#N)cc1 C[O+](C)C [Cl-] [NH4+] [OH-] [CH3+] [CH3]
C[CH]C [H+] [H][H] [O-][Cl+3]([O-])([O-])O Cn1c[n+]([O-])cc1 CC(=O)[N-][N+](C)(C)C
[O-]c1c[n+](C)on1
"""
)
MOBILE = words(
    """
CC(O)=Nc1ccccc1 OC(=N)N O=c1cc[nH]c(=O)[nH]1 Oc1ccnc(O)n1 O=C1CC(=O)NC(=O)N1 OC1=NC(O)=NC(O)=C1
CCC1(CC)C(=O)NC(=O)NC1=O O=C1NC(=O)C(c2ccccc2)(c2ccccc2)N1 CC(N)=NC NC(N)=N c1nn[nH]n1 Cc1nnn[nH]1
Nc1ncnc2[nH]cnc12 Nc1nc2[nH]cnc2c(=O)[nH]1 O=c1cccc[nH]1 Oc1ccccn1 S=c1cc[nH]cc1 CC(S)=N CC(N)=S
CC(=O)NCC(=O)NC(C)C(=O)O CC(O)=NCC(O)=NC(C)C(O)=O c1ccc2[nH]ncc2c1 c1ccc2c(c1)nn[nH]2 O=CC=CO
COP(=O)(O)OC CCOP(=S)(OCC)Oc1ccc([N+](=O)[O-])cc1 O=c1ccccc(O)c1 NC1=NC(=O)CN1C CNC(=O)ON=C(C)SC
"""
)
LABELLED = words(
    """
[2H]O[2H] [2H]C([2H])([2H])O [2H]c1c([2H])c([2H])c([2H])c([2H])c1[2H] [13CH4]
[13C]([2H])([2H])[2H] CC(=O)[18OH] [15NH2]CC [3H]C [35Cl]C [81Br]CC [2H]N([2H])c1ccccc1
C[13C](=O)O [2H][2H] [34S]=C=S [2H]C(Cl)(Cl)Cl [2H]C([2H])([2H])c1ccc([N+](=O)[O-])cc1
[11B](O)(O)O [37Cl]c1ccccc1
"""
)
OTHER_ELEMENTS = words(
    """
C[Si](C)(C)C C[Si](C)(C)OC C[Si](C)(C)O[Si](C)(C)C C[Si]1(C)O[Si](C)(C)O[Si](C)(C)O1 CB(O)O
OB(O)c1ccccc1 B1OCCO1 CP(C)C CP(C)(C)=O c1ccc(P(c2ccccc2)c2ccccc2)cc1 O=P(OC)(OC)OC
FS(F)(F)(F)(F)F C[Se]C c1cc[se]c1 C[Se][Se]C C[As](C)C C[As](C)(C)=O C[Sn](C)(C)C
CCCC[Sn](CCCC)(CCCC)Cl C[Hg]C CC[Pb](CC)(CC)CC C[Ge](C)(C)C Cl[Ge](Cl)(Cl)Cl Cl[Sn](Cl)(Cl)Cl [Hg]
[Se] [He] [Xe] Cl Br I
"""
)
HALOGENATED = words(
    """
Clc1c(Cl)c(Cl)c(Cl)c(Cl)c1Cl Brc1c(Br)c(Br)c(Br)c(Br)c1Br Clc1ccc(C(c2ccc(Cl)cc2)C(Cl)(Cl)Cl)cc1
FC(F)(F)C(F)(F)C(F)(F)F Clc1ccc2c(c1)Oc1cc(Cl)c(Cl)cc1O2 BrC1CCCCC1Br CC(=O)C(Cl)(Cl)Cl
C1=CC2(Cl)C(Cl)=C(Cl)C1(Cl)C2(Cl)Cl C(Cl)(Cl)(Cl)Cl FC(Br)(Cl)I Ic1ccccc1 OC(=O)C(F)(F)F CC(F)(F)F
"""
)
BIG = words(
    """
C12C3C4C1C5C2C3C45 C1C2CC3CC1CC(C2)C3 c1cc2ccc3cccc4ccc(c1)c2c34
CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC CC1CC2C3CCC4=CC(=O)C=CC4(C)C3(F)C(O)CC2(C)C1(O)C(=O)CO
CN1CCC23C4Oc5c2c(CC1C3C=CC4O)ccc5O CCCCCCCCCCCCCCCCCC(=O)OCC(OC(=O)CCCCCCC)COC(=O)CCCCCCC
C1CCCCCCCCCCCCCC1 C1COCCOCCOCCOCCOCCO1 O=C(O)C1=C(c2c3ccc(O)cc3oc3cc(=O)ccc2-3)C=CC=C1
C%10CCCCC%10 C1CC2(C1)CCC1(CC2)CC1 O=C1OC(=O)c2ccccc21
"""
)
NO_MOLECULES = words(
    """
C~C C->N *C [*]CC [R]C C$C [#6]C [C,N]C C.C CCO.Cl [Na+].[Cl-] C(C)(C)(C)(C)C c1cccc1 C1CC
InChI=1S/CH4/h1H4 InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3 InChI=1S/ [C@@H2]C [Fe] [U] [2C]C [300CH4] C:C
CC>>CC C{C}C ethanol
"""
)
SEEDS = [
    *PLAIN, *STEREO, *CHARGED, *MOBILE, *LABELLED, *OTHER_ELEMENTS, *HALOGENATED, *BIG,
    *NO_MOLECULES,
]  # fmt: skip
BONDS = ["-", "=", "#", ":", "~", "$", "/", "\\", ".", "->", "<-", "!", "@", "=="]
ATOMS = [
    *("C", "N", "O", "S", "P", "B", "F", "Cl", "Br", "I", "c", "n", "o", "s", "p", "b", "*", "H"),
    *(
        "[Si]",
        "[Se]",
        "[se]",
        "[As]",
        "[Sn]",
        "[Hg]",
        "[Ge]",
        "[Pb]",
        "[Na]",
        "[Fe]",
        "[2H]",
        "[H]",
    ),
    *("[nH]", "[NH2]", "[O-]", "[N+]", "[n+]", "[C-]", "[CH]", "[C]", "[OH]", "[#6]", "[R]", "[0]"),
]
RINGS = ["1", "2", "3", "9", "0", "%10", "%99", "%(100)", "11", "1=1", "%"]
BRACKETS = ["(", ")", "()", "[", "]", "[]", "((", "))", "(C)", "(=O)", "[C@@H]", "[C@]", "{", "}"]
CHARGES = ["+", "-", "++", "--", "+2", "-3", "+15", "+99", "-99"]
ISOTOPES = ["0", "1", "2", "3", "13", "15", "18", "99", "300", "999999", "4294967297"]
HYDROGENS = ["H", "H0", "H2", "H4", "H9", "H99"]
OTHERS = [
    "\t",
    " ",
    "\x00",
    "é",
    "\u202e",
    "|",
    " |^1:0|",
    " |c:1|",
    ">>",
    ":1",
    "#",
    "=+1",
    "'",
    '"',
]
BLOCKS = [BONDS, ATOMS, RINGS, BRACKETS, OTHERS]


def in_bracket(smiles, rng):
    """Give one atom a charge, an isotope label, hydrogens or a number, in brackets."""
    places = [place for place, letter in enumerate(smiles) if letter in "BCNOPSFIbcnops"]
    if not places:
        return smiles
    at = rng.choice(places)
    isotope = rng.choice(["", "", rng.choice(ISOTOPES)])
    chirality = rng.choice(["", "", "", "@", "@@", "@TH1", "@SP2", "@OH31"])
    hydrogens, charge = rng.choice(["", *HYDROGENS]), rng.choice(["", "", *CHARGES])
    number = rng.choice(["", "", "", ":1", ":999999"])
    atom = f"[{isotope}{smiles[at]}{chirality}{hydrogens}{charge}{number}]"
    return smiles[:at] + atom + smiles[at + 1 :]


def mutant(rng):
    """Return the SMILES of a seed, changed at one to four places."""
    smiles = rng.choice(SEEDS)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(smiles) + 1)
        end = min(len(smiles), at + rng.choice((1, 1, 2, 6)))
        kind = rng.randrange(7)
        if kind == 0:
            smiles = smiles[:at] + rng.choice(rng.choice(BLOCKS)) + smiles[at:]
        elif kind == 1:
            smiles = smiles[:at] + rng.choice(rng.choice(BLOCKS)) + smiles[end:]
        elif kind == 2:
            smiles = smiles[:at] + smiles[end:]
        elif kind == 3:
            smiles = smiles[:at] + smiles[at:end] * rng.choice((2, 3, 20)) + smiles[end:]
        elif kind == 4:
            smiles = in_bracket(smiles, rng)
        elif kind == 5:
            other = rng.choice(SEEDS)
            smiles = smiles[:at] + rng.choice((other, f"({other})", f".{other}")) + smiles[at:]
        else:
            letters = list(smiles)
            places = [rng.randrange(len(letters)) for _ in range(2)] if letters else []
            if places:
                one, two = places
                letters[one], letters[two] = letters[two], letters[one]
            smiles = "".join(letters)
    return smiles


def mutants(number):
    rng = random.Random("structures")
    return [mutant(rng) for _ in range(number)]


class TooSlowError(Exception):
    pass


def too_slow(number, frame):
    raise TooSlowError


@contextmanager
def limited_to(seconds):
    before = signal.signal(signal.SIGALRM, too_slow)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def silent_rdkit():
    """RDKit's own words about thousands of structures would fill the report of a failure."""
    RDLogger.DisableLog("rdApp.*")
    yield
    RDLogger.EnableLog("rdApp.error")


def outcome(smiles):
    """Return the molecule, ``None`` of one that is refused; anything else raises."""
    with limited_to(SECONDS_EACH):
        try:
            return read_molecule(smiles)
        except MoleculeError as error:
            assert str(error)
            return None


def flat(molecule):
    """Return the SMILES without stereochemistry, of which RDKit's is not always written alike."""
    mol = Chem.Mol(molecule.mol)
    Chem.RemoveStereochemistry(mol)
    return Chem.CanonSmiles(Chem.MolToSmiles(mol))


def test_there_are_a_few_hundred_seeds_of_which_most_are_molecules():
    assert len(set(SEEDS)) == len(SEEDS) > 250
    assert all(outcome(smiles) for smiles in [*PLAIN, *STEREO, *MOBILE, *LABELLED])


def test_mutated_smiles_give_a_molecule_or_its_refusal():
    read = 0
    for smiles in mutants(MUTANTS):
        try:
            molecule = outcome(smiles)
        except Exception as error:
            pytest.fail(f"{smiles!r}: {error!r}")
        if molecule is None:
            continue
        read += 1
        try:  # what is read is read again as the same molecule
            again = outcome(molecule.smiles)
        except Exception as error:
            pytest.fail(f"{smiles!r}, read as {molecule.smiles!r}: {error!r}")
        assert again is not None, (smiles, molecule.smiles)
        assert flat(again) == flat(molecule), smiles
        assert again.formula == molecule.formula, smiles
    assert MUTANTS / 8 < read < MUTANTS  # neither too damaged nor too sound to say anything


def test_a_batch_of_mutated_smiles_loses_nothing():
    lines = mutants(OF_BATCH)
    structures = [parse_line(smiles, number) for number, smiles in enumerate(lines, start=1)]
    with limited_to(SECONDS_OF_BATCH):
        results = list(Predictor(build_student()).predict_stream(structures))
    assert [result.line for result in results] == list(range(1, OF_BATCH + 1))
    predicted = [result for result in results if isinstance(result, PredictedSpectrum)]
    failed = [result for result in results if isinstance(result, FailedPrediction)]
    assert len(predicted) + len(failed) == OF_BATCH
    assert predicted and all(result.reason for result in failed)
    for result in predicted:
        assert outcome(structures[result.line - 1].smiles).formula == result.molecule.formula
        assert result.spectrum.intensity.max() > 0
        assert result.spectrum.mz.max() <= result.molecule.highest_mz
    # Of these, the fault would be the program's.
    assert not [result for result in failed if "Error" in result.reason]
