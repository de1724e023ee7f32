/* Written by wasm_capi.generate from api.py, the table of the C API: edit that. */
#ifndef WASM_CAPI_WASMTIME_CONFIG_H
#define WASM_CAPI_WASMTIME_CONFIG_H

#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint8_t wasmtime_strategy_t;
enum wasmtime_strategy_enum { WASMTIME_STRATEGY_AUTO, WASMTIME_STRATEGY_CRANELIFT, WASMTIME_STRATEGY_WINCH };
typedef uint8_t wasmtime_opt_level_t;
enum wasmtime_opt_level_enum { WASMTIME_OPT_LEVEL_NONE, WASMTIME_OPT_LEVEL_SPEED, WASMTIME_OPT_LEVEL_SPEED_AND_SIZE };
typedef uint8_t wasmtime_profiling_strategy_t;
enum wasmtime_profiling_strategy_enum {
  WASMTIME_PROFILING_STRATEGY_NONE,
  WASMTIME_PROFILING_STRATEGY_JITDUMP,
  WASMTIME_PROFILING_STRATEGY_VTUNE,
  WASMTIME_PROFILING_STRATEGY_PERFMAP
};
typedef uint8_t wasmtime_regalloc_algorithm_t;
enum wasmtime_regalloc_algorithm_enum { WASMTIME_REGALLOC_BACKTRACKING, WASMTIME_REGALLOC_SINGLE_PASS };

/* Config.debug_info: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_debug_info_set(wasm_config_t *config, bool value);
/* Config.consume_fuel: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_consume_fuel_set(wasm_config_t *config, bool value);
/* Config.epoch_interruption: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_epoch_interruption_set(wasm_config_t *config, bool value);
/* Config.wasm_threads: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_threads_set(wasm_config_t *config, bool value);
/* Config.shared_memory: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_shared_memory_set(wasm_config_t *config, bool value);
/* Config.wasm_tail_call: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_tail_call_set(wasm_config_t *config, bool value);
/* Config.wasm_reference_types: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_reference_types_set(wasm_config_t *config, bool value);
/* Config.wasm_function_references: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_function_references_set(wasm_config_t *config, bool value);
/* Config.wasm_gc: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_gc_set(wasm_config_t *config, bool value);
/* Config.gc_support: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_gc_support_set(wasm_config_t *config, bool value);
/* Config.wasm_simd: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_simd_set(wasm_config_t *config, bool value);
/* Config.wasm_relaxed_simd: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_relaxed_simd_set(wasm_config_t *config, bool value);
/* Config.wasm_relaxed_simd_deterministic: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_relaxed_simd_deterministic_set(wasm_config_t *config, bool value);
/* Config.wasm_bulk_memory: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_bulk_memory_set(wasm_config_t *config, bool value);
/* Config.wasm_multi_value: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_multi_value_set(wasm_config_t *config, bool value);
/* Config.wasm_multi_memory: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_multi_memory_set(wasm_config_t *config, bool value);
/* Config.wasm_memory64: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_memory64_set(wasm_config_t *config, bool value);
/* Config.wasm_wide_arithmetic: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_wide_arithmetic_set(wasm_config_t *config, bool value);
/* Config.wasm_exceptions: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_exceptions_set(wasm_config_t *config, bool value);
/* Config.wasm_custom_page_sizes: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_custom_page_sizes_set(wasm_config_t *config, bool value);
/* Config.wasm_stack_switching: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_stack_switching_set(wasm_config_t *config, bool value);
/* Config.parallel_compilation: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_parallel_compilation_set(wasm_config_t *config, bool value);
/* Config.cranelift_debug_verifier: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_cranelift_debug_verifier_set(wasm_config_t *config, bool value);
/* Config.cranelift_nan_canonicalization: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_cranelift_nan_canonicalization_set(wasm_config_t *config, bool value);
/* Config.memory_may_move: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_memory_may_move_set(wasm_config_t *config, bool value);
/* Config.native_unwind_info: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_native_unwind_info_set(wasm_config_t *config, bool value);
/* Config.macos_use_mach_ports: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_macos_use_mach_ports_set(wasm_config_t *config, bool value);
/* Config.signals_based_traps: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_signals_based_traps_set(wasm_config_t *config, bool value);
/* Config.memory_init_cow: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_memory_init_cow_set(wasm_config_t *config, bool value);
/* Config.wasm_component_model: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_component_model_set(wasm_config_t *config, bool value);
/* Config.wasm_component_model_map: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_component_model_map_set(wasm_config_t *config, bool value);
/* Config.wasm_component_model_async: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_component_model_async_set(wasm_config_t *config, bool value);
/* Config.wasm_component_model_more_async_builtins: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_component_model_more_async_builtins_set(wasm_config_t *config, bool value);
/* Config.wasm_component_model_async_stackful: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_component_model_async_stackful_set(wasm_config_t *config, bool value);
/* Config.wasm_component_model_implements: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_component_model_implements_set(wasm_config_t *config, bool value);
/* Config.wasm_component_model_accessors: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_component_model_accessors_set(wasm_config_t *config, bool value);
/* Config.wasm_compact_imports: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_compact_imports_set(wasm_config_t *config, bool value);
/* Config.wasm_branch_hinting: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_branch_hinting_set(wasm_config_t *config, bool value);
/* Config.concurrency_support: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_concurrency_support_set(wasm_config_t *config, bool value);
/* Config.wasm_component_model_canon_names: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_wasm_component_model_canonical_names_set(wasm_config_t *config, bool value);
/* Config.cranelift_regalloc_algorithm: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_cranelift_regalloc_algorithm_set(wasm_config_t *config, wasmtime_regalloc_algorithm_t value);
/* Config.max_wasm_stack: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_max_wasm_stack_set(wasm_config_t *config, size_t value);
/* Config.strategy: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_strategy_set(wasm_config_t *config, wasmtime_strategy_t value);
/* Config.cranelift_opt_level: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_cranelift_opt_level_set(wasm_config_t *config, wasmtime_opt_level_t value);
/* Config.profiler: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_profiler_set(wasm_config_t *config, wasmtime_profiling_strategy_t value);
/* Config.memory_reservation: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_memory_reservation_set(wasm_config_t *config, uint64_t value);
/* Config.memory_guard_size: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_memory_guard_size_set(wasm_config_t *config, uint64_t value);
/* Config.memory_reservation_for_growth: see the settings' page. */
WASM_API_EXTERN void wasmtime_config_memory_reservation_for_growth_set(wasm_config_t *config, uint64_t value);
/* Compile for another machine, by its triple. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_config_target_set(wasm_config_t *config, const char *target);
/* Keep compiled modules on disk: in the folder of that name, or that a TOML file of that name tells. */
WASM_API_EXTERN /* own */ wasmtime_error_t *wasmtime_config_cache_config_load(wasm_config_t *config, const char *path);
/* Config.cranelift_flag_enable. */
WASM_API_EXTERN void wasmtime_config_cranelift_flag_enable(wasm_config_t *config, const char *flag);
/* Config.cranelift_flag_set. */
WASM_API_EXTERN void wasmtime_config_cranelift_flag_set(wasm_config_t *config, const char *key, const char *value);

typedef struct wasmtime_pooling_allocation_config_t wasmtime_pooling_allocation_config_t;

/* The default bounds of a pool of instances. */
WASM_API_EXTERN /* own */ wasmtime_pooling_allocation_config_t *wasmtime_pooling_allocation_config_new(void);
/* Delete a pool's bounds. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_delete(/* own */ wasmtime_pooling_allocation_config_t *pool);
/* PoolingAllocationConfig.max_unused_warm_slots. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_max_unused_warm_slots_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.linear_memory_keep_resident. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(wasmtime_pooling_allocation_config_t *pool, size_t value);
/* PoolingAllocationConfig.table_keep_resident. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_table_keep_resident_set(wasmtime_pooling_allocation_config_t *pool, size_t value);
/* PoolingAllocationConfig.total_memories. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_total_memories_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.total_tables. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_total_tables_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.total_stacks. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_total_stacks_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.total_core_instances. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_total_core_instances_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.max_core_instance_size. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_max_core_instance_size_set(wasmtime_pooling_allocation_config_t *pool, size_t value);
/* PoolingAllocationConfig.max_tables_per_module. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_max_tables_per_module_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.decommit_batch_size. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_decommit_batch_size_set(wasmtime_pooling_allocation_config_t *pool, size_t value);
/* PoolingAllocationConfig.async_stack_keep_resident. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_async_stack_keep_resident_set(wasmtime_pooling_allocation_config_t *pool, size_t value);
/* PoolingAllocationConfig.total_component_instances. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_total_component_instances_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.max_component_instance_size. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_max_component_instance_size_set(wasmtime_pooling_allocation_config_t *pool, size_t value);
/* PoolingAllocationConfig.max_core_instances_per_component. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_max_core_instances_per_component_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.max_memories_per_component. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_max_memories_per_component_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.max_tables_per_component. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_max_tables_per_component_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.total_gc_heaps. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_total_gc_heaps_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.table_elements. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_table_elements_set(wasmtime_pooling_allocation_config_t *pool, size_t value);
/* PoolingAllocationConfig.max_memories_per_module. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_max_memories_per_module_set(wasmtime_pooling_allocation_config_t *pool, uint32_t value);
/* PoolingAllocationConfig.max_memory_size. */
WASM_API_EXTERN void wasmtime_pooling_allocation_config_max_memory_size_set(wasmtime_pooling_allocation_config_t *pool, size_t value);
/* Have a pool of these bounds, which are copied. */
WASM_API_EXTERN void wasmtime_pooling_allocation_strategy_set(wasm_config_t *config, const wasmtime_pooling_allocation_config_t *pool);

#ifdef __cplusplus
}
#endif

#endif
