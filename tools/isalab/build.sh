#!/usr/bin/env bash
# build.sh ARCH PREFIX [PYTHON]: wasm-vm, its core compiled for ARCH, in build/isalab/ARCH of the repository. PYTHON: of this machine, with setuptools (default: python3).
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd) arch=${1:?ARCH} prefix=${2:?PREFIX} python=${3:-python3}
suffix=$(tr ' ' '\n' <"$prefix/env-$arch" | sed -n 's/^ISA_SUFFIX=//p')
cd "$here/packages/wasm-vm"
# setup.py is run by this machine's Python, which is told the other's configuration; its own headers come after those of cc-ARCH.
_PYTHON_HOST_PLATFORM=linux-$arch CC=$prefix/bin/cc-$arch LDSHARED="$prefix/bin/cc-$arch -shared" SETUPTOOLS_EXT_SUFFIX=$suffix \
    "$python" setup.py -q build --build-base "$here/build/isalab/$arch" --build-lib "$here/build/isalab/$arch/lib" --parallel "$(nproc)"
