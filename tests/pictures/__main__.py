"""`python -m tests.pictures` remakes docs/pictures; `… serve --port N`: the scene, to click through."""

from __future__ import annotations

import argparse
import logging
import sys

from tests.pictures.surroundings import installation


def serve(options: argparse.Namespace) -> None:
    with installation(options.port, live=not options.product) as url:
        from tests.pictures import serving  # models exist only now

        serving.serve(url, live=not options.product, as_json=options.json)


def take(options: argparse.Namespace) -> None:
    with installation(0, live=False) as url:
        from tests.pictures import serving, shoot

        wrong = shoot.shoot(serving.facts(serving.fill(), url), options.names)
        if wrong:
            sys.exit("\n".join(wrong))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.set_defaults(act=take, names=[])
    jobs = parser.add_subparsers()
    shooting = jobs.add_parser("take", help="Take the pictures whose names begin with one of NAMES.")
    shooting.add_argument("names", nargs="*")
    shooting.set_defaults(act=take)
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
