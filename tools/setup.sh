#!/bin/sh
# Make .venv, install what is needed, build the native module in place. Run by make; safe to run again at any time.
#
#   sh tools/setup.sh run     what `make demo` needs
#   sh tools/setup.sh dev     the same, and the tools of `make test`
#   sh tools/setup.sh python  only print the interpreter that would be used
#
# Rules: nothing is done twice (stamps in .venv hold a checksum of the inputs); a machine or an interpreter that cannot
# work is refused in one sentence that says what to do, before anything is made.
# PYTHON=/path/to/python chooses the interpreter. Packages come in the versions this tree was tested with
# (tools/tested-versions.txt); NEWEST=1 takes the newest that pyproject.toml allows, as a user's own pip does.
set -eu
cd "$(dirname "$0")/.."
WHAT=${1:-run}
VENV=.venv
TESTED=tools/tested-versions.txt
MINIMUM=3.12

say() { printf '%s\n' "set-up: $*" >&2; }
refuse() { printf '%s\n' "set-up: $*" >&2; exit 3; }

# ---- the machine ------------------------------------------------------------------------------------------------------

check_platform() {
    system=$(uname -s)
    machine=$(uname -m)
    case "$system" in
        Linux) ;;
        Darwin) refuse "macOS is not tested yet and so refused: use Linux on x86_64 or aarch64 (a virtual machine does)." ;;
        *) refuse "$system is not supported: use Linux on x86_64 or aarch64." ;;
    esac
    case "$machine" in
        x86_64 | amd64)
            libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || echo none)
            case "$libc" in
                "glibc 2."*) [ "${libc#glibc 2.}" -ge 28 ] 2>/dev/null ||
                    refuse "$libc is older than the 2.28 that the Aeron library needs: use Debian 10, RHEL 8 or later." ;;
                *) refuse "no glibc here (musl?), and no Aeron library without: use Debian, Ubuntu, Fedora or RHEL." ;;
            esac ;;
        aarch64 | arm64)
            [ -n "${ACTORBUS_AERON_LIB:-}" ] || ldconfig -p 2>/dev/null | grep -q 'libaeron\.so' ||
                refuse "no Aeron library for $machine is on PyPI: build it (1.44 or newer) and set" \
                    "ACTORBUS_AERON_LIB=/path/to/libaeron.so (not tested)." ;;
        *) refuse "the processor $machine is not supported: use x86_64 or aarch64." ;;
    esac
    for compiler in "${CC:-}" cc gcc clang; do
        [ -n "$compiler" ] && command -v "${compiler%% *}" >/dev/null 2>&1 && return
    done
    refuse "no C compiler found (CC, cc, gcc, clang): install one, for example with 'apt-get install gcc libc6-dev make'."
}

# ---- the interpreter --------------------------------------------------------------------------------------------------

# Ask an interpreter about itself: prints "ok 3.12.1 /real/path" or "no REASON". A pyenv shim without its version fails
# here like any other program that is not a Python.
ask() {
    "$1" -I -c "
import sys, sysconfig, os.path, importlib.util as u
path, version = sys.executable, '.'.join(map(str, sys.version_info[:3]))
def no(why):
    print('no', version + ': ' + why); raise SystemExit
if sys.implementation.name != 'cpython': no('it is ' + sys.implementation.name + ', not CPython')
if sys.version_info[:2] < tuple(map(int, '$MINIMUM'.split('.'))): no('it is older than $MINIMUM')
if sysconfig.get_config_var('Py_GIL_DISABLED'): no('it is a free-threaded build, not tested yet')
if not (u.find_spec('venv') and u.find_spec('ensurepip')): no('it has no venv or ensurepip (Debian: python3-venv)')
if not os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h')): no('it has no Python.h (Debian: python3-dev)')
print('ok', version, path)
" 2>/dev/null || echo "no ?: it does not run"
}

real_home() { getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6; }

# Every place an interpreter may be, one a line, best first. HOME may be empty or wrong.
candidates() {
    for name in python3.12 python3.13 python3.14 python3 python; do
        command -v "$name" 2>/dev/null || true
    done
    pyenv=$(command -v pyenv 2>/dev/null || true)
    [ -z "$pyenv" ] || pyenv=$(dirname "$(dirname "$(readlink -f "$pyenv")")")
    for root in "${PYENV_ROOT:-}" "$pyenv" "${HOME:-}/.pyenv" "$(real_home)/.pyenv" /opt/pyenv /usr/local/pyenv; do
        for minor in 12 13 14; do
            ls -d "$root/versions/3.$minor".*/bin/python3 2>/dev/null || true
        done
    done
    for minor in 12 13 14; do
        ls -d /usr/bin/python3.$minor /usr/local/bin/python3.$minor /opt/python*/bin/python3.$minor 2>/dev/null || true
    done
}

find_uv() {
    for uv in "$(command -v uv 2>/dev/null || true)" "${HOME:-}/.local/bin/uv" "$(real_home)/.local/bin/uv"; do
        [ -n "$uv" ] && [ -x "$uv" ] && { printf '%s\n' "$uv"; return; }
    done
    return 0
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        answer=$(ask "$PYTHON")
        case "$answer" in
            ok*) printf '%s\n' "${answer#ok * }"; return ;;
            *) refuse "PYTHON=$PYTHON cannot be used (${answer#no }): give a CPython $MINIMUM or newer, or leave PYTHON unset." ;;
        esac
    fi
    seen=
    list=$(candidates)
    IFS='
'
    for candidate in $list; do
        answer=$(ask "$candidate")
        case "$answer" in
            ok*) printf '%s\n' "${answer#ok * }"; return ;;
            "no ?: "*) ;;
            *) case "$seen" in *"$candidate"*) ;; *) seen="$seen $candidate (${answer#no })," ;; esac ;;
        esac
    done
    unset IFS
    uv=$(find_uv)
    if [ -n "$uv" ]; then
        say "no CPython $MINIMUM or newer found; asking uv for one"
        "$uv" python install "$MINIMUM" >&2 ||
            refuse "uv could not bring a CPython $MINIMUM: install one, or give PYTHON=/path/to/python$MINIMUM."
        "$uv" python find --no-project "$MINIMUM"
        return
    fi
    refuse "no CPython $MINIMUM or newer found (seen:${seen:- none}) nor uv: install one" \
        "(Debian: python3-dev python3-venv; or pyenv, or uv), or give PYTHON=/path/to/python$MINIMUM."
}

# ---- the virtual environment ------------------------------------------------------------------------------------------

sum_of() { cat "$@" 2>/dev/null | cksum; }
native_sum() {
    find native -type f \( -name '*.[ch]' -o -name '*.inc' -o -name '*.py' \) ! -path 'native/build/*' ! -path 'native/tests/*' |
        LC_ALL=C sort | xargs cat setup.py | cksum
}
stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

make_venv() {
    if [ -x $VENV/bin/python ]; then
        answer=$(ask $VENV/bin/python)
        case "$answer" in
            ok*)
                # PYTHON= given and another version than the one .venv was made with: make it anew.
                [ -n "${PYTHON:-}" ] && [ "$(ask "$PYTHON" | cut -d' ' -f2)" != "$(printf '%s' "$answer" | cut -d' ' -f2)" ] || return 0
                find_python >/dev/null ;;
        esac
        say "making .venv anew (${answer})"
        rm -rf $VENV
    fi
    python=$(find_python)
    say "making .venv with $python"
    "$python" -m venv $VENV
}

pip() { $VENV/bin/python -m pip --disable-pip-version-check --quiet "$@"; }

install() {
    # Only what a start needs for `run`; the tools of `make test` on top for `dev`.
    extra=
    [ "$WHAT" = run ] || extra="[dev]"
    wanted="$(sum_of pyproject.toml setup.py $TESTED) $($VENV/bin/python -V)${NEWEST:+ newest}"
    if stamped $VENV/.actorbus-dev "$wanted"; then return; fi
    if [ "$WHAT" = run ] && stamped $VENV/.actorbus-run "$wanted"; then return; fi
    say "installing the dependencies${extra:+ and the test tools} (a minute or so)"
    pip install "setuptools>=77" "cffi>=2.0" "wheel>=0.45" ||
        refuse "pip could not install the build tools (its message is above): a package index must be reachable."
    say "building the native module and installing actorbus in place"
    native=$(native_sum)
    rm -f actorbus/_native*.so
    if [ -z "${NEWEST:-}" ] && pip install --no-build-isolation --editable ".$extra" --constraint $TESTED; then :; else
        [ -n "${NEWEST:-}" ] || say "the tested versions cannot all be had here: taking the newest that are allowed"
        pip install --no-build-isolation --editable ".$extra" --upgrade --upgrade-strategy eager ||
            refuse "pip could not install actorbus: see its message above."
    fi
    printf '%s\n' "$native" >$VENV/.actorbus-native
    printf '%s\n' "$wanted" >"$VENV/.actorbus-$WHAT"
}

build_native() {
    native=$(native_sum)
    if stamped $VENV/.actorbus-native "$native" && ls actorbus/_native*.so >/dev/null 2>&1; then return; fi
    say "building the native module"
    $VENV/bin/python native/build_native.py >/dev/null ||
        refuse "the native module did not build: see the compiler's message above."
    printf '%s\n' "$native" >$VENV/.actorbus-native
}

case "$WHAT" in
    python) find_python ;;
    run | dev)
        check_platform
        make_venv
        install
        build_native ;;
    *) refuse "'$WHAT' is not one of run, dev, python." ;;
esac
