"""`python -m tests.pictures serve --port N`: the scene, to look at and click through."""

from __future__ import annotations

import argparse
import logging
import sys

from tests.pictures.surroundings import installation


def serve(options: argparse.Namespace) -> None:
    with installation(options.port, live=not options.product) as url:
        from tests.pictures import serving  # models exist only now

        serving.serve(url, live=not options.product, as_json=options.json)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    jobs = parser.add_subparsers(required=True)
    job = jobs.add_parser("serve", help="Serve the scene until SIGTERM or Ctrl-C.")
    job.add_argument("--port", type=int, default=8100, help="0: any free one.")
    job.add_argument("--product", action="store_true", help="DEBUG off and gunicorn, as in production.")
    job.add_argument("--json", action="store_true", help="Print one JSON line that names everything.")
    job.set_defaults(act=serve)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    options.act(options)


if __name__ == "__main__":
    sys.exit(main())
