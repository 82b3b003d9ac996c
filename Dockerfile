# One image for every Casework process: `casework api`, `casework worker`, `casework migrate`.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --system --uid 10001 --create-home casework
WORKDIR /srv/casework

# The lock first: a change of our own code leaves this layer as it is.
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock

COPY pyproject.toml README.md ./
COPY activities ./activities
COPY api ./api
COPY domain ./domain
COPY playbook ./playbook
COPY simulators ./simulators
COPY storage ./storage
COPY workers ./workers
COPY workflows ./workflows
RUN pip install --no-deps --no-build-isolation --editable . \
    && install --directory --owner casework --mode 0700 /var/lib/casework /run/casework

USER casework
ENV CASEWORK_DATA=/var/lib/casework CASEWORK_HTTP_HOST=0.0.0.0 CASEWORK_SMTP_HOST=0.0.0.0 CASEWORK_LOG_FORMAT=json
ENTRYPOINT ["casework"]
CMD ["--help"]
