#!/usr/bin/env bash
# capi.sh ARCH PREFIX PYTHON [PROGRAM...]: wasm-capi's library, compiled for ARCH into build/isalab/ARCH/capi, and C programs of its tests with it, run there.
# They check themselves. PYTHON: of this machine, with setuptools and cffi. After build.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd) arch=${1:?ARCH} prefix=${2:?PREFIX} python=${3:?PYTHON}
shift 3
value() { tr ' ' '\n' <"$prefix/env-$arch" | sed -n "s/^$1=//p"; }
out=$here/build/isalab/$arch/capi sources=$here/packages/wasm-capi/tests/c sysroot=$(value ISA_SYSROOT) version=$(value ISA_VERSION)
mkdir -p "$out"

# ---- cffi's part in C: a wheel of the other machine, or, where there is none (riscv64), compiled here with the header of Debian's libffi ----
cffi=$("$python" -c 'import cffi; print(cffi.__version__)')
pip="python3 -m pip --disable-pip-version-check"
compile_cffi() {
    local apt suffix work=$out/cffi
    apt=$(dirname "$(ls "$prefix/cache/$arch-"*/archives/libpython"$version"-dev_*.deb | head -1)")/..
    suffix=$(cd "$sysroot" && basename usr/lib/python"$version"/lib-dynload/_ctypes.*.so)
    rm -rf "$work" && mkdir -p "$work"
    (cd "$work" && APT_CONFIG=$apt/apt.conf apt-get -qq download libffi-dev && dpkg-deb -x libffi-dev_*.deb . && $pip download -q --no-deps --no-binary cffi "cffi==$cffi" && tar -xf cffi-*.tar.gz)
    mkdir -p "$out/site"
    "$prefix/bin/cc-$arch" -O2 -fPIC -shared -pthread -w -I"$(dirname "$work"/usr/include/*/ffi.h)" "$work/cffi-$cffi/src/c/_cffi_backend.c" "$sysroot"/usr/lib/*/libffi.so.8 \
        -o "$out/site/_cffi_backend${suffix#_ctypes}"
    cp -r "$work/cffi-$cffi/src/cffi" "$out/site"
}
if [ ! -e "$out/site/.cffi-$cffi" ]; then
    platforms=""
    for ((n = $(cat "$sysroot/.glibc"); n >= 17; n--)); do platforms+=" --platform manylinux_2_${n}_$arch"; done
    if ! $pip install -q --root-user-action=ignore --no-compile --upgrade --no-deps --target "$out/site" --python-version "$version" --implementation cp \
        --abi "cp${version/./}" $platforms --only-binary=:all: "cffi==$cffi" 2>"$out/pip.log"; then
        compile_cffi
    fi
    touch "$out/site/.cffi-$cffi"
fi

# ---- the library, as build.sh compiles the core; and an environment, because what embeds Python reads no PYTHONPATH ----
(cd "$here/packages/wasm-capi" && WASM_PURE=1 _PYTHON_HOST_PLATFORM=linux-$arch CC=$prefix/bin/cc-$arch LDSHARED="$prefix/bin/cc-$arch -shared" \
    "$python" setup.py -q build --build-base "$out/base" --build-lib "$out/lib")
[ -e "$out/venv" ] || "$prefix/bin/python-$arch" -m venv --without-pip "$out/venv"
{
    echo "$out/lib"
    echo "$out/site"
    echo "$here/build/isalab/$arch/lib"
    for source in "$here"/packages/*/src; do
        case $source in */wasm-vm/src | */wasm-capi/src) ;; *) echo "$source" ;; esac
    done
    value ISA_SITE
} >"$out/venv/lib/python$version/site-packages/lab.pth"

# ---- the programs ----
export WASM_CAPI_PYTHON=$out/venv/bin/python3 WASM_CAPI_LIBPYTHON=libpython$version.so.1.0 WASM_CAPI_CHECK=1 EMULATED=1
failed=0
# Unless they are named, those do not run that make a million calls, a target of x86-64's, or raise a signal that the emulator has for itself.
[ $# -gt 0 ] || set -- $(cd "$sources" && ls ./*.c | sed 's|./\(.*\)\.c|\1|' | grep -v -x -e own_growth -e own_rounds -e settings -e signals)
for name in "$@"; do
    "$prefix/bin/cc-$arch" -std=gnu11 -Wall -Wextra -Werror -O1 -pthread -I"$here/packages/wasm-capi/src/wasm_capi/include" "$sources/$name.c" -o "$out/$name" \
        "$out/lib/wasm_capi/libwasm_capi.so" "-Wl,-rpath,$out/lib/wasm_capi"
    if timeout 600 "$prefix/bin/qemu-$arch" -L "$sysroot" "$out/$name" >"$out/$name.out" 2>"$out/$name.err" && [ -s "$out/$name.out" ] && [ ! -s "$out/$name.err" ]; then
        echo "$name: passed"
    else
        echo "$name: failed"
        cat "$out/$name.out" "$out/$name.err"
        failed=1
    fi
done
exit $failed
