"""The C API's functions that run Python: cffi calls them by their C names. Imported by the library when it starts, never by a program."""

from wasm_capi.handlers import component_types as component_types
from wasm_capi.handlers import components as components
from wasm_capi.handlers import engine as engine
from wasm_capi.handlers import errors as errors
from wasm_capi.handlers import externs as externs
from wasm_capi.handlers import gc_types as gc_types
from wasm_capi.handlers import linkers as linkers
from wasm_capi.handlers import modules as modules
from wasm_capi.handlers import refs as refs
from wasm_capi.handlers import stores as stores
from wasm_capi.handlers import text as text
from wasm_capi.handlers import wasi as wasi
