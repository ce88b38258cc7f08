"""The application: addresses of the API and of the page's files."""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import anyio
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from ..chemistry.reading.refusals import MoleculeError
from ..errors import UserError
from ..version import __version__
from .answers import (
    Comparison,
    FileContent,
    Health,
    Labelled,
    Prediction,
    Predictions,
    Problem,
    Ranking,
)
from .limits import NAME
from .requests import (
    CompareRequest,
    ExportRequest,
    LabelRequest,
    OneRequest,
    PredictRequest,
    RankRequest,
)
from .service import Service
from .uploads import Upload, read_uploaded_spectra, read_uploaded_structures

PAGE = Path(__file__).parent / "static"
_ABOUT = """\
Electron-ionization mass spectra predicted from structures. Intensities are on a scale of 999, the
base peak's. What cannot be answered comes with status 422 and a `detail` that says why.
"""
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Not addressed to this machine, or not JSON"},
    403: {"model": Problem, "description": "Asked by a page of another site"},
    413: {"model": Problem, "description": "Too long"},
    422: {"model": Problem, "description": "Cannot be answered; detail says why"},
    503: {"model": Problem, "description": "Took too long"},
}
FileName = Annotated[str, Query(min_length=1, max_length=NAME, description="its ending counts")]
_FILE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    }
}


def create_application(service: Service) -> FastAPI:
    """Return the application, to be put behind a ``Guard``.

    Args:
        service: what it does.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.ready()
        yield

    application = FastAPI(
        title="NExtIMS",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=_REFUSALS,
    )
    application.add_exception_handler(RequestValidationError, _invalid)
    for error in (UserError, MoleculeError):
        application.add_exception_handler(error, _unanswerable)
    _add_api(application, service)
    _add_files(application, service)
    _add_page(application)
    return application


def _add_api(application: FastAPI, service: Service) -> None:
    @application.post("/predict", response_model=Predictions)
    async def predict(request: PredictRequest) -> Response:
        """Predict the spectra of structures, or of their derivatives."""
        return JSONResponse(await service.predict(request))

    @application.post("/annotate", response_model=Prediction)
    async def annotate(request: OneRequest) -> Response:
        """Predict a spectrum with the teacher, and name the ions behind each peak."""
        return JSONResponse(await service.annotate(request))

    @application.post("/compare", response_model=Comparison)
    async def compare(request: CompareRequest) -> Response:
        """Compare a measured spectrum with a predicted one, or with another, by all scores."""
        return JSONResponse(await service.compare(request))

    @application.post("/rank", response_model=Ranking)
    async def rank(request: RankRequest) -> Response:
        """Rank candidates, or the entries of the library, by similarity to a measured spectrum."""
        return JSONResponse(await service.rank(request))

    @application.post("/label", response_model=Labelled)
    async def label(request: LabelRequest) -> Response:
        """Label an atom of a structure with an isotope, or take its label off."""
        return JSONResponse(await service.label(request))

    @application.get("/health", response_model=Health)
    async def health() -> Response:
        """Say that the server works, and what it has."""
        library = None if service.library is None else service.library.name
        instrument = None if service.instrument is None else service.instrument.name
        return JSONResponse(
            {
                "status": "ok",
                "version": __version__,
                "model": service.model_name,
                "teacher": service.has_teacher,
                "library": library,
                "instrument": instrument,
                "limits": service.limits._asdict(),
            }
        )


def _add_files(application: FastAPI, service: Service) -> None:
    @application.post("/export", response_class=Response)
    async def export(request: ExportRequest) -> Response:
        """Predict a spectrum and write it as a file of another program."""
        headers = {"content-disposition": f'attachment; filename="spectrum{request.format}"'}
        content = await service.export(request)
        return Response(content, media_type="text/plain; charset=utf-8", headers=headers)

    @application.post("/read/spectra", response_model=FileContent, openapi_extra=_FILE)
    async def read_spectra(request: Request, name: FileName) -> Response:
        """Read the measured spectra of a file of any format that NExtIMS reads."""
        upload = Upload(await request.body(), name, service.limits.body)
        return JSONResponse(await _read(read_uploaded_spectra, upload))

    @application.post("/read/structures", response_model=FileContent, openapi_extra=_FILE)
    async def read_structures(request: Request, name: FileName) -> Response:
        """Read the structures of a file: a list, a table, MOL or SDF."""
        upload = Upload(await request.body(), name, service.limits.body)
        return JSONResponse(await _read(read_uploaded_structures, upload))


async def _read(function: Callable[[Upload], dict[str, Any]], upload: Upload) -> dict[str, Any]:
    """Read a file beside the other requests, and no longer than the answer is waited for."""
    try:
        return await anyio.to_thread.run_sync(function, upload, abandon_on_cancel=True)
    finally:
        upload.abandon()


class _File(NamedTuple):
    content: bytes
    packed: bytes
    media_type: str
    tag: str


def _add_page(application: FastAPI) -> None:
    """Serve the page's files, which are all in memory: no request reaches the disk."""
    files = {f"/{path.name}": _file(path) for path in sorted(PAGE.iterdir())}
    files["/"], files["/docs"] = files["/index.html"], files["/docs.html"]

    def serve(request: Request) -> Response:
        file = files[request.url.path]
        headers = {"etag": file.tag, "cache-control": "no-cache", "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        content = file.content
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"], content = "gzip", file.packed
        return Response(content, media_type=file.media_type, headers=headers)

    for path in files:
        application.add_api_route(path, serve, include_in_schema=False)


def _file(path: Path) -> _File:
    content = path.read_bytes()
    kind = mimetypes.types_map.get(path.suffix, "text/plain")
    kind = "text/javascript" if path.suffix == ".js" else kind
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _File(content, gzip.compress(content, 6, mtime=0), kind, tag)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    """Say what is wrong with a request, without the values, which may be no JSON."""
    said = []
    for each in error.errors()[:10]:
        place = ".".join(str(part) for part in each["loc"] if part != "body")[:NAME]
        said.append(f"{place}: {each['msg']}" if place else each["msg"])
    return _problem("; ".join(said))


async def _unanswerable(request: Request, error: Exception) -> Response:
    return _problem(str(error))


def _problem(detail: str) -> Response:
    # Pure ASCII, as half a surrogate pair is no UTF-8.
    return Response(json.dumps({"detail": detail}), 422, media_type="application/json")
