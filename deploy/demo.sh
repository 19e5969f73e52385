#!/usr/bin/env bash
# The whole of Mắt Thần on this machine: set-up, then a recorded street watched by a real agent,
# over a real Mosquitto, into a real hub, onto the officers' page and a phone.
#
#   deploy/demo.sh                     play in a loop until Ctrl-C
#   deploy/demo.sh --once --json FILE  play once, wait until all is delivered, write a summary
#   deploy/demo.sh --recording FILE    another video
set -euo pipefail
cd "$(dirname "$0")/.."
deploy/setup.sh demo
exec .venv/bin/python -m deploy.demo "$@"
