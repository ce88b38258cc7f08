"""The store of spectra, made from the user's NIST library where there is none."""

from __future__ import annotations

from pathlib import Path

from ..config import Config
from ..formats.msp.library import read_nist


def ensure_store(config: Config) -> Path:
    """Return the path of the store of spectra, made from the user's NIST library if it is missing.

    Raises:
        StoreError: there is neither store nor library, or the store was made with other settings;
            the message says how to get one.
        IngestError: the library holds nothing to use.
    """
    from .libraries import shown
    from .library.ingest import ingest
    from .library.store import HOW_TO_MAKE, StoreError, matches_settings

    data = config.data
    if data.store.is_file():
        if not matches_settings(data.store, data):
            raise StoreError(
                f"{data.store}: made with another split or other filters than the config's; delete "
                "it to have it made anew, or restore the settings"
            )
        return data.store
    if not data.nist_msp.is_file():
        raise StoreError(
            f"{data.store}: no store of spectra; make it from MassBank with: {HOW_TO_MAKE} (or "
            f"--download), or put a NIST library at {data.nist_msp} and its MOL files into "
            f"{data.mol_dir}"
        )
    print(f"reading {data.nist_msp} and {data.mol_dir}")
    report = ingest(
        shown(read_nist(data.nist_msp, data.mol_dir), data.nist_msp.name),
        data.store,
        config=data,
        source=data.nist_msp.name,
    )
    print(report.table())
    return data.store
