//! An embedding in Rust: declarations by hand, a module, a host function with data of its own, calls from two threads.
use std::ffi::c_void;
use std::{ptr, slice, thread};

#[repr(C)]
struct ByteVec {
    size: usize,
    data: *mut u8,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Func {
    store_id: u64,
    private: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
union Of {
    i32_: i32,
    func: Func,
    all: [u64; 3],
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Val {
    kind: u8,
    of: Of,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Extern {
    kind: u8,
    of: Of,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Instance {
    store_id: u64,
    private: usize,
}

enum Opaque {}
type Callback = extern "C" fn(*mut c_void, *mut Opaque, *const Val, usize, *mut Val, usize) -> *mut Opaque;

extern "C" {
    fn wasm_engine_new() -> *mut Opaque;
    fn wasm_engine_delete(engine: *mut Opaque);
    fn wasm_valtype_new(kind: u8) -> *mut Opaque;
    fn wasm_valtype_vec_new(out: *mut ByteVec, size: usize, data: *const *mut Opaque);
    fn wasm_functype_new(params: *mut ByteVec, results: *mut ByteVec) -> *mut Opaque;
    fn wasm_functype_delete(kind: *mut Opaque);
    fn wasm_byte_vec_delete(vec: *mut ByteVec);
    fn wasmtime_wat2wasm(text: *const u8, size: usize, out: *mut ByteVec) -> *mut Opaque;
    fn wasmtime_module_new(engine: *mut Opaque, wasm: *const u8, size: usize, out: *mut *mut Opaque) -> *mut Opaque;
    fn wasmtime_module_delete(module: *mut Opaque);
    fn wasmtime_store_new(engine: *mut Opaque, data: *mut c_void, finalizer: Option<extern "C" fn(*mut c_void)>) -> *mut Opaque;
    fn wasmtime_store_context(store: *mut Opaque) -> *mut Opaque;
    fn wasmtime_store_delete(store: *mut Opaque);
    fn wasmtime_func_new(store: *mut Opaque, kind: *const Opaque, callback: Callback, env: *mut c_void, finalizer: Option<extern "C" fn(*mut c_void)>, out: *mut Func);
    fn wasmtime_instance_new(store: *mut Opaque, module: *const Opaque, imports: *const Extern, count: usize, out: *mut Instance, trap: *mut *mut Opaque) -> *mut Opaque;
    fn wasmtime_instance_export_get(store: *mut Opaque, instance: *const Instance, name: *const u8, size: usize, out: *mut Extern) -> bool;
    fn wasmtime_func_call(store: *mut Opaque, func: *const Func, args: *const Val, nargs: usize, results: *mut Val, nresults: usize, trap: *mut *mut Opaque) -> *mut Opaque;
    fn wasmtime_trap_new(message: *const u8, size: usize) -> *mut Opaque;
    fn wasmtime_error_message(error: *const Opaque, out: *mut ByteVec);
    fn wasmtime_error_delete(error: *mut Opaque);
}

const TEXT: &str = r#"(module (import "" "scale" (func $scale (param i32) (result i32))) (func (export "run") (param i32) (result i32) (call $scale (local.get 0))))"#;

extern "C" fn scale(env: *mut c_void, _caller: *mut Opaque, args: *const Val, nargs: usize, results: *mut Val, nresults: usize) -> *mut Opaque {
    let (args, results) = unsafe { (slice::from_raw_parts(args, nargs), slice::from_raw_parts_mut(results, nresults)) };
    let value = unsafe { args[0].of.i32_ };
    if value < 0 {
        let message = "no negative numbers";
        return unsafe { wasmtime_trap_new(message.as_ptr(), message.len()) };
    }
    results[0] = Val { kind: 0, of: Of { i32_: value * unsafe { *(env as *const i32) } } };
    ptr::null_mut()
}

extern "C" fn drop_box(env: *mut c_void) {
    drop(unsafe { Box::from_raw(env as *mut i32) });
}

fn run(engine: usize, module: usize, factor: i32) -> (i32, String) {
    unsafe {
        let store = wasmtime_store_new(engine as *mut Opaque, ptr::null_mut(), None);
        let context = wasmtime_store_context(store);
        let (mut params, mut results) = (ByteVec { size: 0, data: ptr::null_mut() }, ByteVec { size: 0, data: ptr::null_mut() });
        wasm_valtype_vec_new(&mut params, 1, [wasm_valtype_new(0)].as_ptr());
        wasm_valtype_vec_new(&mut results, 1, [wasm_valtype_new(0)].as_ptr());
        let kind = wasm_functype_new(&mut params, &mut results);
        let mut import = Extern { kind: 0, of: Of { all: [0; 3] } };
        wasmtime_func_new(context, kind, scale, Box::into_raw(Box::new(factor)) as *mut c_void, Some(drop_box), &mut import.of.func);
        wasm_functype_delete(kind);
        let mut instance = Instance { store_id: 0, private: 0 };
        let mut trap = ptr::null_mut();
        assert!(wasmtime_instance_new(context, module as *const Opaque, &import, 1, &mut instance, &mut trap).is_null() && trap.is_null());
        let mut export = Extern { kind: 0, of: Of { all: [0; 3] } };
        assert!(wasmtime_instance_export_get(context, &instance, "run".as_ptr(), 3, &mut export));
        let mut result = Val { kind: 0, of: Of { all: [0; 3] } };
        let mut sum = 0;
        for i in 0..10_000 {
            let arg = Val { kind: 0, of: Of { i32_: i % 10 } };
            assert!(wasmtime_func_call(context, &export.of.func, &arg, 1, &mut result, 1, &mut trap).is_null() && trap.is_null());
            sum += result.of.i32_;
        }
        let arg = Val { kind: 0, of: Of { i32_: -1 } };
        let error = wasmtime_func_call(context, &export.of.func, &arg, 1, &mut result, 1, &mut trap);
        assert!(!error.is_null());
        let mut message = ByteVec { size: 0, data: ptr::null_mut() };
        wasmtime_error_message(error, &mut message);
        let text = String::from_utf8_lossy(slice::from_raw_parts(message.data, message.size)).trim().lines().last().unwrap().trim().to_string();
        wasm_byte_vec_delete(&mut message);
        wasmtime_error_delete(error);
        wasmtime_store_delete(store);
        (sum, text)
    }
}

fn main() {
    unsafe {
        let engine = wasm_engine_new();
        assert!(!engine.is_null());
        let mut bytes = ByteVec { size: 0, data: ptr::null_mut() };
        assert!(wasmtime_wat2wasm(TEXT.as_ptr(), TEXT.len(), &mut bytes).is_null());
        let mut module = ptr::null_mut();
        assert!(wasmtime_module_new(engine, bytes.data, bytes.size, &mut module).is_null());
        wasm_byte_vec_delete(&mut bytes);
        let (shared_engine, shared_module) = (engine as usize, module as usize);
        let threads: Vec<_> = (1..=2).map(|factor| thread::spawn(move || run(shared_engine, shared_module, factor))).collect();
        for thread in threads {
            let (sum, text) = thread.join().unwrap();
            println!("{sum} {text}");
        }
        wasmtime_module_delete(module);
        wasm_engine_delete(engine);
    }
}
