# The server. On SQLite: docker run --env-file .env --publish 127.0.0.1:8000:8000 --volume driftsentry:/data IMAGE
# On PostgreSQL: compose.yaml. docs/scaling.md

FROM python:3.11.15-slim-trixie AS packages
WORKDIR /build
RUN python -m venv /opt/venv
COPY requirements.txt ./
# Only what was built elsewhere and has the hash of the list: nothing is compiled, and no code of a package runs here.
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
    -r requirements.txt

FROM python:3.11.15-slim-trixie
RUN useradd --uid 10001 --home-dir /data --create-home --shell /usr/sbin/nologin driftsentry
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY app.py schema.sql ./
COPY static static
COPY templates templates
COPY deploy/ready.py deploy/
COPY driftsentry driftsentry
RUN python -m compileall -q app.py driftsentry
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DRIFTSENTRY_HOST=0.0.0.0 \
    DRIFTSENTRY_DATA=/data
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=7s --start-period=60s --retries=3 CMD ["python", "deploy/ready.py"]
# No shell between: SIGTERM reaches the program, which ends with 0.
CMD ["python", "app.py"]
