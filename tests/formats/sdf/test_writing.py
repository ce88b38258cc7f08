"""SDF, read back by RDKit."""

import numpy as np
from rdkit import Chem

from nextims import __version__


def test_an_sdf_is_read_back(results, spectra, write, peaks_of, name_of):
    path = write("library.sdf", results)
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")
    mols = list(Chem.SDMolSupplier(str(path)))
    assert len(mols) == len(spectra)
    for result, mol in zip(spectra, mols, strict=True):
        molecule = result.molecule
        data = mol.GetPropsAsDict(autoConvertStrings=False)
        assert Chem.MolToSmiles(mol) == molecule.smiles == data["SMILES"]
        assert data["NAME"] == name_of(result).replace("$$$$", "$")
        assert mol.GetProp("_Name") == data["NAME"][:80]
        assert data["INCHIKEY"] == molecule.inchikey
        assert data["FORMULA"] == molecule.formula
        assert data["MW"] == str(molecule.nominal_mass)
        assert data["EXACT MASS"] == f"{molecule.exact_mass:.6f}"
        assert data["ID"] == str(result.line)
        assert data["COMMENT"].startswith(f"predicted by NExtIMS {__version__}, student best")
        mz, intensity = peaks_of(result)
        assert data["NUM PEAKS"] == str(len(mz))
        peaks = np.array([line.split() for line in data["MASS SPECTRAL PEAKS"].split("\n")], float)
        np.testing.assert_array_equal(peaks, np.stack([mz, intensity], 1))
    assert "intensity left out=3.1%" in data["COMMENT"]
