#!/bin/sh
# lock.sh PYTHON SERVICE...: requirements.in -> requirements.lock, for the whole and for each image.
# uv is needed only here, so it comes into an environment that is thrown away.
set -eu
python=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" -m venv "$scratch"
"$scratch/bin/pip" install --quiet --disable-pip-version-check uv

compile() {
    echo "  $2"
    # Versions that the output already names stay, unless they no longer fit.
    "$scratch/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-header "$@"
}

compile --output-file requirements.lock requirements.in
compile --output-file ops/checks/requirements.lock ops/checks/requirements.in
for simulator in stripe openid; do
    folder=ops/${simulator}_simulator
    compile --output-file "$folder/requirements.lock" --constraints requirements.lock "$folder/requirements.in"
done
for service in "$@"; do
    compile --output-file "services/$service/requirements.lock" --constraints requirements.lock "services/$service/requirements.in"
done
