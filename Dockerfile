# One image for every process; docker-compose.yml says which command each runs.
FROM python:3.11-slim-bookworm AS build
COPY requirements.txt /
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /requirements.txt

FROM python:3.11-slim-bookworm
# tini hands signals on and buries orphans, whoever starts the container.
RUN apt-get update && apt-get install --yes --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PAPER_ROUND_VAR=/var/lib/paper-round
RUN useradd --system --uid 10001 --home-dir /app paperround \
    && install --directory --owner paperround --group paperround /var/lib/paper-round /var/lib/paper-round-safety /run/paper-round
COPY --from=build /venv /venv
WORKDIR /app
COPY manage.py LICENSE .env.example ./
COPY digest digest
COPY subscriptions subscriptions
COPY templates templates
COPY seeds seeds
USER paperround
EXPOSE 8000
HEALTHCHECK NONE
ENTRYPOINT ["tini", "--"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "8", "--no-ws", "digest.wsgi:application"]
