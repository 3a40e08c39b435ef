#!/bin/sh
# Bring the jar of Aeron's Java parts (Archive, samples) into Maven's local repository, where tests and the bench look
# for it. Run by make; does nothing when the jar is there, and only says so when it cannot be had: whoever needs it is
# skipped with that reason.
set -eu
cd "$(dirname "$0")/.."
[ -z "${ACTORBUS_AERON_JAR:-}" ] && [ -n "${HOME:-}" ] || exit 0
VERSION=$(sed -n 's/^VERSION = "\(.*\)"$/\1/p' actorbus/bench/peers/java_archive.py)
JAR="$HOME/.m2/repository/io/aeron/aeron-all/$VERSION/aeron-all-$VERSION.jar"

[ ! -f "$JAR" ] || exit 0
command -v mvn >/dev/null 2>&1 || {
    echo "set-up: no Maven, so no Java Archive (aeron-all $VERSION) to measure beside" >&2
    exit 0
}
echo "set-up: fetching aeron-all $VERSION through Maven" >&2
mvn -q -B dependency:get "-Dartifact=io.aeron:aeron-all:$VERSION" -Dtransitive=false </dev/null >/dev/null 2>&1 ||
    echo "set-up: Maven could not bring aeron-all $VERSION" >&2
