# One service: docker build --build-arg SERVICE=catalog .
# Its image is the api by default; worker, migration and one-shot jobs are the same image with another command.

FROM python:3.13-slim AS packages
ARG SERVICE
RUN test -n "$SERVICE" || { echo "build with --build-arg SERVICE=identity|catalog|..." >&2; exit 1; }
COPY services/${SERVICE}/requirements.lock /tmp/requirements.lock
# Wheels only: nothing of a package runs while it is installed.
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r /tmp/requirements.lock

FROM python:3.13-slim
ARG SERVICE
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY services/__init__.py services/__init__.py
COPY shared shared
COPY services/${SERVICE} services/${SERVICE}
# The folders that volumes cover hand them their owner. Compiled here, because at run time the root is read-only.
RUN python -m compileall -q shared services \
 && install -d -o 10001 -g 10001 /var/lib/academy/files "/var/lib/academy/files/${SERVICE}" /var/spool/academy

# SERVICE is also what uvicorn serves: an exec-form CMD expands no variables.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp \
    UVICORN_APP=services.${SERVICE}.main:create_app
USER 10001:10001
EXPOSE 8000 8001
CMD ["python", "-m", "uvicorn", "--factory", "--host", "0.0.0.0", "--port", "8000", "--loop", "uvloop", "--http", "httptools", \
     "--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "20", "--proxy-headers"]
