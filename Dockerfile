# One image for the three services and the command `inflow`. Plain Dockerfile: any engine since 20.10 builds it.
FROM python:3.13-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_ONLY_BINARY=:all:
RUN python -m venv --without-pip /opt/venv
WORKDIR /src
# What changes least comes first: a change of the code installs nothing again but the project.
COPY requirements.lock requirements-dev.lock ./
RUN pip install --require-hashes --constraint requirements-dev.lock hatchling && \
    pip --python /opt/venv install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE inflow.toml ./
COPY inflow inflow
COPY services services
COPY shared shared
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . && \
    pip --python /opt/venv install --no-deps /wheels/*.whl


FROM python:3.13-slim

LABEL org.opencontainers.image.title="Inflow" \
      org.opencontainers.image.description="Files dropped into a folder are in a database, exactly once in effect" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim"

COPY --from=build /opt/venv /opt/venv
COPY docker/entrypoint.sh /opt/inflow/bin/entrypoint.sh
COPY docker/inflow.sh /opt/inflow/bin/inflow
# Whatever modes the clone has, every user may run these. And without a mount, as in a new named volume, the data
# folder belongs to an ordinary user.
RUN chmod 755 /opt/inflow/bin/* && \
    install --directory --owner=10001 --group=10001 /data

ENV PATH=/opt/inflow/bin:/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    INFLOW_DATA=/data \
    INFLOW_HEALTH_FILE=/tmp/inflow-healthy \
    INFLOW_LOG_FORMAT=json

# No USER: the entry point starts as root, reads who owns the data folder and becomes that user before Python starts.
ENTRYPOINT ["/opt/inflow/bin/entrypoint.sh", "--announce"]
CMD ["inflow", "--help"]
