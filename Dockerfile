# docker build -t nextims . ; docker run --rm nextims predict --smiles CCO
# The wheel with the student, what draws pictures, and what serves the page; no PyTorch.
FROM python:3.12-slim AS built
COPY . /source
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /source \
    && python -m venv /opt/nextims \
    && /opt/nextims/bin/pip install --no-cache-dir --no-compile "$(ls /wheels/nextims-*.whl)[plot,web]"

FROM python:3.12-slim
# RDKit's drawing is linked with them. Debian's present versions will do.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libexpat1 libxext6 libxrender1 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=built /opt/nextims /opt/nextims
# Matplotlib keeps its fonts' list where HOME may not be written to.
ENV PATH=/opt/nextims/bin:$PATH MPLCONFIGDIR=/tmp
RUN useradd --create-home --uid 1000 user
USER 1000
WORKDIR /data
ENTRYPOINT ["nextims"]
CMD ["--help"]
