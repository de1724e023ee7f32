"""Settings that C sets by a function each. Apart from the table, for handlers, which are imported when the library starts: nothing is imported here."""

from __future__ import annotations

# Settings of a configuration: name, its type in C, its attribute of Config.
SETTINGS = (
    *((name, "bool", name) for name in (
        "debug_info", "consume_fuel", "epoch_interruption", "wasm_threads", "shared_memory", "wasm_tail_call", "wasm_reference_types",
        "wasm_function_references", "wasm_gc", "gc_support", "wasm_simd", "wasm_relaxed_simd", "wasm_relaxed_simd_deterministic", "wasm_bulk_memory",
        "wasm_multi_value", "wasm_multi_memory", "wasm_memory64", "wasm_wide_arithmetic", "wasm_exceptions", "wasm_custom_page_sizes",
        "wasm_stack_switching", "parallel_compilation", "cranelift_debug_verifier", "cranelift_nan_canonicalization", "memory_may_move",
        "native_unwind_info", "macos_use_mach_ports", "signals_based_traps", "memory_init_cow", "wasm_component_model", "wasm_component_model_map",
        "wasm_component_model_async", "wasm_component_model_more_async_builtins", "wasm_component_model_async_stackful", "wasm_component_model_implements",
        "wasm_component_model_accessors", "wasm_compact_imports", "wasm_branch_hinting", "concurrency_support",
    )),
    ("wasm_component_model_canonical_names", "bool", "wasm_component_model_canon_names"),
    ("cranelift_regalloc_algorithm", "wasmtime_regalloc_algorithm_t", "cranelift_regalloc_algorithm"),
    ("max_wasm_stack", "size_t", "max_wasm_stack"),
    ("strategy", "wasmtime_strategy_t", "strategy"),
    ("cranelift_opt_level", "wasmtime_opt_level_t", "cranelift_opt_level"),
    ("profiler", "wasmtime_profiling_strategy_t", "profiler"),
    ("memory_reservation", "uint64_t", "memory_reservation"),
    ("memory_guard_size", "uint64_t", "memory_guard_size"),
    ("memory_reservation_for_growth", "uint64_t", "memory_reservation_for_growth"),
)  # fmt: skip

# Settings of a pool: name, its type in C.
POOL_SETTINGS = (
    ("max_unused_warm_slots", "uint32_t"), ("linear_memory_keep_resident", "size_t"), ("table_keep_resident", "size_t"),
    ("total_memories", "uint32_t"), ("total_tables", "uint32_t"), ("total_stacks", "uint32_t"), ("total_core_instances", "uint32_t"),
    ("max_core_instance_size", "size_t"), ("max_tables_per_module", "uint32_t"), ("decommit_batch_size", "size_t"),
    ("async_stack_keep_resident", "size_t"), ("total_component_instances", "uint32_t"), ("max_component_instance_size", "size_t"),
    ("max_core_instances_per_component", "uint32_t"), ("max_memories_per_component", "uint32_t"), ("max_tables_per_component", "uint32_t"),
    ("total_gc_heaps", "uint32_t"), ("table_elements", "size_t"), ("max_memories_per_module", "uint32_t"), ("max_memory_size", "size_t"),
)  # fmt: skip

# Traps by wasmtime's numbers, which are not the vm's.
TRAP_CODES = (
    "STACK_OVERFLOW", "MEMORY_OUT_OF_BOUNDS", "HEAP_MISALIGNED", "TABLE_OUT_OF_BOUNDS", "INDIRECT_CALL_TO_NULL", "BAD_SIGNATURE", "INTEGER_OVERFLOW",
    "INTEGER_DIVISION_BY_ZERO", "BAD_CONVERSION_TO_INTEGER", "UNREACHABLE_CODE_REACHED", "INTERRUPT", "OUT_OF_FUEL", "ATOMIC_WAIT_NON_SHARED_MEMORY",
    "NULL_REFERENCE", "ARRAY_OUT_OF_BOUNDS", "ALLOCATION_TOO_LARGE", "CAST_FAILURE", "CANNOT_ENTER_COMPONENT", "NO_ASYNC_RESULT", "UNHANDLED_TAG",
    "CONTINUATION_ALREADY_CONSUMED", "DISABLED_OPCODE", "ASYNC_DEADLOCK", "CANNOT_LEAVE_COMPONENT", "CANNOT_BLOCK_SYNC_TASK", "INVALID_CHAR",
    "DEBUG_ASSERT_STRING_ENCODING_FINISHED", "DEBUG_ASSERT_EQUAL_CODE_UNITS", "DEBUG_ASSERT_POINTER_ALIGNED", "DEBUG_ASSERT_UPPER_BITS_UNSET",
    "STRING_OUT_OF_BOUNDS", "LIST_OUT_OF_BOUNDS", "INVALID_DISCRIMINANT", "UNALIGNED_POINTER", "TASK_CANCEL_NOT_CANCELLED",
    "TASK_CANCEL_OR_RETURN_TWICE", "SUBTASK_CANCEL_AFTER_TERMINAL", "TASK_RETURN_INVALID", "WAITABLE_SET_DROP_HAS_WAITERS",
    "SUBTASK_DROP_NOT_RESOLVED", "THREAD_NEW_INDIRECT_INVALID_TYPE", "THREAD_NEW_INDIRECT_UNINITIALIZED", "BACKPRESSURE_OVERFLOW",
    "UNSUPPORTED_CALLBACK_CODE", "CANNOT_RESUME_THREAD", "CONCURRENT_FUTURE_STREAM_OP", "REFERENCE_COUNT_OVERFLOW", "STREAM_OP_TOO_BIG",
    "WAITABLE_SYNC_AND_ASYNC", "UNCAUGHT_EXCEPTION",
)  # fmt: skip
