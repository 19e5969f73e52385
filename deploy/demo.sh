#!/usr/bin/env bash
# Shows all of Mắt Thần on this machine. It sets everything up; then a real agent watches a recorded
# street and reports over a real Mosquitto to a real hub, with the officers' page and a phone.
#
#   deploy/demo.sh                     play in a loop until Ctrl-C
#   deploy/demo.sh --once --json FILE  play once, wait until all is delivered, write a summary
#   deploy/demo.sh --recording FILE    another video
set -euo pipefail
cd "$(dirname "$0")/.."
deploy/setup.sh demo
exec .venv/bin/python -m deploy.demo "$@"
