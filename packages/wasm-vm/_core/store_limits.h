/* store_limits.h: what bounds the guests of a store (store_limits.c). */
#ifndef WASM_VM_STORE_LIMITS_H
#define WASM_VM_STORE_LIMITS_H

#include "store.h"

int timeout_from_object(PyObject *value, double *seconds); /* None: -1; the result -1: an exception is set. Runs Python code */

/* Methods and attributes of Store. */
PyObject *store_set_fuel(Store *self, PyObject *fuel);
PyObject *store_get_fuel(Store *self, PyObject *ignored);
PyObject *store_set_epoch_deadline(Store *self, PyObject *ticks);
PyObject *store_set_limits(Store *self, PyObject *args, PyObject *kwargs);
PyObject *store_get_timeout(Store *self, void *closure);
int store_set_timeout(Store *self, PyObject *value, void *closure);
PyObject *store_interrupt(Store *self, PyObject *none);

#endif
