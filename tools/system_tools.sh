#!/bin/sh
# Locate, or install as root with apt-get, what `make test-system` needs beyond set-up: Java, Chromium, Prometheus,
# valgrind, tmux, strace and Node (npm brings it). Ends with 3 and one sentence a missing tool when something is still missing.
set -eu

# program names (any of them), the Debian package
TOOLS='java:default-jre-headless
chromium,chromium-browser,google-chrome:chromium
prometheus:prometheus
promtool:prometheus
valgrind:valgrind
npm:npm
tmux:tmux
strace:strace'

located() {
    for name in $(printf '%s' "$1" | tr ',' ' '); do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

missing=
updated=
for pair in $TOOLS; do
    names=${pair%%:*}
    package=${pair##*:}
    located "$names" && continue
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "system tools: installing $package" >&2
        [ -n "$updated" ] || { apt-get update -qq </dev/null >&2 || true; updated=1; }
        # No service may be started by a package that we only need the programs of.
        DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$package" </dev/null >&2 || true
    fi
    located "$names" || missing="$missing $package"
done
[ -z "$missing" ] || {
    echo "system tools: missing:$missing; install them (as root: apt-get install$missing) and run again." >&2
    exit 3
}
