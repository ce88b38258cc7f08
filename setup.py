"""Install NExtIMS as the package ``nextims`` from ``src/``."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
VERSION = {}
exec((HERE / "src" / "version.py").read_text(encoding="utf-8"), VERSION)

# What a wheel brings along to predict with: ``nextims.config`` finds it in ``nextims/shipped``.
SHIPPED = (
    "config.yaml",
    "checkpoints/student/best_student.onnx",
    "checkpoints/student/best_student.onnx.sha256",
    "checkpoints/student/best_student.trust.npz",
    "checkpoints/student/best_student.MODEL_CARD.md",
    "checkpoints/retention_index/retention_index.npz",
    "checkpoints/retention_index/retention_index.MODEL_CARD.md",
)

# For training, and for predicting with a teacher.
TRAIN = ["torch>=2.4", "torch-geometric>=2.5", "lightning-fabric>=2.4", "numba>=0.60"]
# For exporting a student; running an exported one takes onnxruntime alone.
ONNX = ["onnx>=1.16", "onnxscript>=0.1"]
# For writing Parquet.
FORMATS = ["pyarrow>=14"]
# For the index of a large library.
INDEX = ["ms_entropy>=1.5"]
# For predicting on several machines. Ray Data works on pandas' and Arrow's tables.
DISTRIBUTED = ["ray[data]>=2.40", *FORMATS]
# For pictures of spectra.
PLOT = ["matplotlib>=3.8", "scipy>=1.9"]
# For notebooks: a kernel, tables, and the spectra of matchms.
NOTEBOOK = ["ipykernel>=6.29", "matchms>=0.28", "pandas>=2"]
# For the page to draw on, and its HTTP API.
WEB = ["fastapi>=0.115", "uvicorn>=0.30"]
# For the site.
DOCS = [
    "mkdocs>=1.6,<2",
    "mkdocs-material>=9.5",
    "mkdocstrings[python]>=0.26",
    "mkdocs-jupyter>=0.25",
]


class BuildWithModel(build_py):
    """Puts settings and student into the package; an installation of a checkout has them there."""

    def run(self):
        """Build the package."""
        super().run()
        if self.editable_mode:
            return
        for name in SHIPPED:
            place = Path(self.build_lib, "nextims", "shipped", name)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HERE / name, place)


setup(
    name="nextims",
    version=VERSION["__version__"],
    description="Electron-ionization mass spectra predicted from structures",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10",
    package_dir={"nextims": "src"},
    packages=["nextims"] + [f"nextims.{name}" for name in find_packages("src")],
    package_data={
        "nextims": ["py.typed"],
        "nextims.data.library": ["corrections.tsv"],
        "nextims.web": ["static/*"],
    },
    cmdclass={"build_py": BuildWithModel},
    entry_points={"console_scripts": ["nextims = nextims.cli.main:main"]},
    install_requires=[
        "rdkit>=2024.3.1",
        "h5py>=3.10",
        "numpy>=1.26",
        "onnxruntime>=1.18",
        "pydantic>=2.7",
        "pyyaml>=6.0",
        "tqdm>=4.66",
        "filelock>=3.12",
        "psutil>=5.9",
    ],
    extras_require={
        "train": TRAIN,
        "onnx": [*TRAIN, *ONNX],
        "formats": FORMATS,
        "index": INDEX,
        "distributed": DISTRIBUTED,
        "plot": PLOT,
        "web": WEB,
        "notebook": NOTEBOOK,
        "docs": DOCS,
        "test": [
            "pytest>=8",
            "pytest-xdist>=3.5",
            "ruff>=0.6",
            "import-linter>=2.5",
            "mypy>=1.10",
            "setuptools>=70.1",
            "pyteomics>=4.7",
            "mzspeclib>=1.0.5",
            "jcamp>=1.2.2",
            "nbclient>=0.10",
            "ct3>=3.4",
            "httpx2>=2",
            "playwright>=1.50",
            *TRAIN,
            *ONNX,
            *FORMATS,
            *INDEX,
            *PLOT,
            *WEB,
            *NOTEBOOK,
        ],
        "alfabet": [*TRAIN, "alfabet==0.1.0", "tensorflow>=2.18", "tf-keras>=2.18"],
    },
)
