"""`python -m tests.pictures serve --port N [--user NAME]`: the scene, to look at and click through."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading

from tests.pictures import surroundings

ROLES = ("superuser", "manager", "operator", "viewer", "stranger")


def serve(options: argparse.Namespace) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stop.set())
    with surroundings.installation(options.port, live=not options.product) as url:
        from tests import scene  # models exist only now

        people = scene.fill().people
        with surroundings.web_server(url, live=not options.product):
            print(f"{url}/admin/")
            for role in [options.user] if options.user else ROLES:
                print(f"  {role}: {getattr(people, role).username} / {scene.PASSWORD}", flush=True)
            stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    jobs = parser.add_subparsers(required=True)
    serving = jobs.add_parser("serve", help="Serve the scene until SIGTERM or Ctrl-C.")
    serving.add_argument("--port", type=int, default=8100)
    serving.add_argument("--user", choices=ROLES, help="Name only this one's password.")
    serving.add_argument("--product", action="store_true", help="DEBUG off and gunicorn, as in production.")
    serving.set_defaults(act=serve)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    options.act(options)


if __name__ == "__main__":
    sys.exit(main())
