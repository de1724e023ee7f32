#!/usr/bin/env bash
# python.sh ARCH PREFIX ARGUMENT...: the emulated CPython of ARCH with this repository's packages, wasm-vm's as build.sh left it. LLVM runs in
# $WASM_LLVM_PYTHON, a Python of this machine. QEMU_CPU chooses the processor. Tests wait WASM_TESTS_SLOWER times as long as they do here.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd) arch=${1:?ARCH} prefix=${2:?PREFIX}
shift 2
path=$here/build/isalab/$arch/lib
for source in "$here"/packages/*/src; do
    case $source in
    */wasm-vm/src) ;; # the built one comes first
    *) path+=:$source ;;
    esac
done
export PYTHONPATH=$path WASM_PURE=1 PYTHONDONTWRITEBYTECODE= # byte code is kept: to compile what a test imports takes longer than most tests
export WASM_TESTS_SLOWER=${WASM_TESTS_SLOWER-20}
exec "$prefix/bin/python-$arch" "$@"
