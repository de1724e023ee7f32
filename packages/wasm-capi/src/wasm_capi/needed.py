"""What the handlers need, imported first, so that what is missing is told by name."""

import _cffi_backend as _cffi_backend

import wasm_facade as wasm_facade
import wasm_vm as wasm_vm
