// An embedding in Go: a module, a host function of Go's, calls from two goroutines on threads of their own.
package main

/*
#include <stdlib.h>
#include <wasmtime.h>

extern wasm_trap_t *goScale(void *env, wasmtime_caller_t *caller, wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults);

static void new_scale(wasmtime_context_t *context, uintptr_t factor, wasmtime_extern_t *out) {
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  out->kind = WASMTIME_EXTERN_FUNC;
  wasmtime_func_new(context, type, (wasmtime_func_callback_t)goScale, (void *)factor, NULL, &out->of.func);
  wasm_functype_delete(type);
}
static wasmtime_error_t *call(wasmtime_context_t *context, wasmtime_extern_t *func, int32_t arg, int32_t *result) {
  wasmtime_val_t in = {.kind = WASMTIME_I32, .of = {.i32 = arg}}, out;
  wasm_trap_t *trap = NULL;
  wasmtime_error_t *error = wasmtime_func_call(context, &func->of.func, &in, 1, &out, 1, &trap);
  *result = out.of.i32;
  return error;
}
static int32_t i32_of(const wasmtime_val_t *val) { return val->of.i32; }
static void set_i32(wasmtime_val_t *val, int32_t value) { val->kind = WASMTIME_I32; val->of.i32 = value; }
*/
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

const text = `(module (import "" "scale" (func $scale (param i32) (result i32))) (func (export "run") (param i32) (result i32) (call $scale (local.get 0))))`

//export goScale
func goScale(env unsafe.Pointer, caller *C.wasmtime_caller_t, args *C.wasmtime_val_t, nargs C.size_t, results *C.wasmtime_val_t, nresults C.size_t) *C.wasm_trap_t {
	value := C.i32_of(args)
	if value < 0 {
		message := C.CString("no negative numbers")
		defer C.free(unsafe.Pointer(message))
		return C.wasmtime_trap_new(message, 19)
	}
	C.set_i32(results, value*C.int32_t(uintptr(env)))
	return nil
}

func check(good bool, what string) {
	if !good {
		panic(what)
	}
}

func run(engine *C.wasm_engine_t, module *C.wasmtime_module_t, factor int, done chan string) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	store := C.wasmtime_store_new(engine, nil, nil)
	context := C.wasmtime_store_context(store)
	var item, export C.wasmtime_extern_t
	C.new_scale(context, C.uintptr_t(factor), &item)
	var instance C.wasmtime_instance_t
	var trap *C.wasm_trap_t
	check(C.wasmtime_instance_new(context, module, &item, 1, &instance, &trap) == nil && trap == nil, "instance")
	name := C.CString("run")
	defer C.free(unsafe.Pointer(name))
	check(bool(C.wasmtime_instance_export_get(context, &instance, name, 3, &export)), "export")
	sum, result := 0, C.int32_t(0)
	for i := 0; i < 10000; i++ {
		check(C.call(context, &export, C.int32_t(i%10), &result) == nil, "call")
		sum += int(result)
	}
	err := C.call(context, &export, -1, &result)
	check(err != nil, "error")
	var message C.wasm_name_t
	C.wasmtime_error_message(err, &message)
	lines := strings.Split(strings.TrimSpace(C.GoStringN(message.data, C.int(message.size))), "\n")
	C.wasm_byte_vec_delete(&message)
	C.wasmtime_error_delete(err)
	C.wasmtime_store_delete(store)
	done <- fmt.Sprint(sum, " ", strings.TrimSpace(lines[len(lines)-1]))
}

func main() {
	engine := C.wasm_engine_new()
	check(engine != nil, "engine")
	source := C.CString(text)
	defer C.free(unsafe.Pointer(source))
	var bytes C.wasm_byte_vec_t
	check(C.wasmtime_wat2wasm(source, C.size_t(len(text)), &bytes) == nil, "text")
	var module *C.wasmtime_module_t
	check(C.wasmtime_module_new(engine, (*C.uint8_t)(unsafe.Pointer(bytes.data)), bytes.size, &module) == nil, "module")
	C.wasm_byte_vec_delete(&bytes)
	first, second := make(chan string), make(chan string)
	go run(engine, module, 1, first)
	go run(engine, module, 2, second)
	fmt.Println(<-first)
	fmt.Println(<-second)
	C.wasmtime_module_delete(module)
	C.wasm_engine_delete(engine)
}
