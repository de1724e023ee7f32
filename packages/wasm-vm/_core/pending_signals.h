/* pending_signals.h: whether a signal waits for Python's main thread; read without the GIL, by the monitor. */
#ifndef WASM_VM_PENDING_SIGNALS_H
#define WASM_VM_PENDING_SIGNALS_H

#include <stdbool.h>

void pending_signals_init(void); /* on the main thread */
bool python_signals_pending(void);

#endif
