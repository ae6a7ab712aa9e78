#!/bin/sh
# setup.sh PYTHON VENV [ENGINE --servers]: makes the virtual environment; with --servers, fetches at the same time
# what the native runner needs, since both mostly wait for the network. LOCK= names another list of packages.
set -eu
python=$1 venv=$2 engine=${3-} servers=${4-}
lock=${LOCK:-requirements.lock}
stamp=$venv/installed.sha256
started=""

fail() { printf '\n%s\n' "$*" >&2; exit 1; }

case $engine in
    ""|docker|native) ;;
    *) fail "ENGINE=$engine is unknown. Use ENGINE=docker or ENGINE=native" ;;
esac
command -v "$python" >/dev/null || fail "There is no $python. Install Python 3.11 or newer, on Debian and Ubuntu: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "$("$python" --version) is too old: 3.11 or newer is needed. If you have one, name it: make demo PYTHON=python3.12"

# Of two set-ups at once the second waits: half an environment is of no use to either. The lock ends with this shell.
mkdir -p "$(dirname "$venv")"
exec 8>"$venv.setup-lock"
if command -v flock >/dev/null && ! flock --nonblock 8; then
    echo "  another set-up of $venv runs; waiting for it"
    flock 8
fi

# A virtual environment whose Python was upgraded or removed is of no use.
"$venv/bin/python" -c 'import pip' 2>/dev/null || rm -rf "$venv"
if [ ! -d "$venv" ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian and Ubuntu keep half of the venv module in a package of its own.
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] \
        || fail "$python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python$version-venv"
    echo "  installing python$version-venv from the distribution's packages"
    "$python" -m ops.native.packages "python$version-venv"
fi

if [ "$servers" = --servers ]; then
    "$python" -m ops.prepare "$engine" 8>&- &
    started=$!
fi

wanted=$(sha256sum "$lock" | cut -d ' ' -f 1)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    echo "  installing the Python packages of $lock into $venv"
    [ -d "$venv" ] || "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock" \
        || fail "pip could not install $lock: its words are above. Usually the package index was not reachable; run the same again."
    echo "$wanted" > "$stamp"
fi

# When this failed, ops up tries again and explains.
[ -z "$started" ] || wait "$started" || true
