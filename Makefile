# Each target makes .venv when it is missing; `install` alone makes it with everything.
PYTHON ?= python3
BIN := .venv/bin
TEST_WORKERS ?= 4

.PHONY: install agents demo run test lint bench pictures
install: .venv

.venv: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=…" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch .venv

agents:  ## the agent command lines that the tests drive, at the versions we know
	npm install --silent --no-audit --no-fund --prefix var/agents \
		@anthropic-ai/claude-code@2.1.197 @openai/codex@0.169.0

demo: .venv
	$(BIN)/python manage.py demo $(ARGS)

run: .venv
	$(BIN)/python manage.py run $(ARGS)

test: .venv
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal $(ARGS)

lint: export DEBUG = true  # settings without a SECRET_KEY: nothing is served here
lint: .venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: .venv
	$(BIN)/python -m tests.benchmarks $(ARGS)

pictures: .venv  ## docs/pictures, from the real pages; needs Chromium
	$(BIN)/python -m tests.pictures $(ARGS)
