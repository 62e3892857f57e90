#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: Python, pinned packages, the grader.
# The grader goes where every user may read it; the course stays in /autograder/source, which is root's alone.
set -euo pipefail

source=/autograder/source
home=/opt/dot2vit
export DEBIAN_FRONTEND=noninteractive

# A released Python that is new enough. Ubuntu 22.04 has a 3.11, but a release candidate, in which right solutions fail.
fitting_python() {
    for name in python3.11 python3.12 python3.13 python3; do
        if "$name" -c 'import sys, ensurepip, venv; assert sys.version_info >= (3, 11) and sys.version_info[3] == "final"' \
            2> /dev/null; then
            command -v "$name"
            return
        fi
    done
}

# An image of your own may bring the virtual environment along.
if [ ! -x "$home/venv/bin/python" ]; then
    apt-get update
    apt-get install -y --no-install-recommends ca-certificates libseccomp2 python3 python3-venv
    python=$(fitting_python)
    if [ -z "$python" ]; then
        python3 -m venv "$home/uv"
        "$home/uv/bin/python" -m pip install --no-cache-dir uv==0.13.9
        export UV_PYTHON_INSTALL_DIR="$home/python"
        "$home/uv/bin/uv" python install 3.11.18
        python=$("$home/uv/bin/uv" python find --managed-python 3.11.18)
        chmod -R go=rX "$home/python"
    fi
    "$python" -m venv "$home/venv"
    # PyPI's torch is built for GPUs and is several gigabytes larger; the one for CPUs has an index of its own.
    "$home/venv/bin/python" -m pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu \
        -c "$source/constraints.txt" -r "$source/requirements.txt"
    chmod -R go=rX "$home/venv"
fi

rm -rf "$home/app"
mkdir -p "$home"
cp -r "$source/app" "$home/app"
chmod -R u=rwX,go=rX "$home/app"
chmod go=rx "$home"
chmod -R go= "$source"

# An image that cannot grade must not be built: this says why.
cd /
PYTHONPATH="$home/app" "$home/venv/bin/python" -P -c 'import grader.grade, grader.gradescope.run, sklearn, pyseccomp'
