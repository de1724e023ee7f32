/* python_part.c: starts Python, and gets what the vm offers; compiled with cffi's code of the handlers into wasm_capi_python.so. */
#include <stdio.h>
#include <string.h>

#include "capsule.h"

static char trouble[1024];

static const char *say(const char *what, const char *which)
{
    snprintf(trouble, sizeof trouble, "%s: %s", what, which ? which : "?");
    return trouble;
}

/* As little as there can be: no handlers of signals, no locale, no arguments, no variables of the environment, no folders of the user's. */
static const char *start_python(const char *python)
{
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.configure_locale = 0;
    before.utf8_mode = 1;
    PyStatus status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status))
        return say("Python does not start", status.err_msg);
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.install_signal_handlers = 0;
    config.parse_argv = 0;
    status = PyConfig_SetBytesString(&config, &config.program_name, python);
    if (!PyStatus_Exception(status))
        status = PyConfig_SetBytesString(&config, &config.executable, python);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    return PyStatus_Exception(status) ? say("Python does not start", status.err_msg) : NULL;
}

static const char *message_of_error(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *text = value ? PyObject_Str(value) : NULL;
    say("its Python part cannot be imported", text ? PyUnicode_AsUTF8(text) : NULL);
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    PyErr_Clear();
    return trouble;
}

/* Starts Python unless it runs (`python` NULL); *vm <- the vm's capsule. NULL, or what is wrong. Without the GIL afterwards as before. */
__attribute__((visibility("default"))) const char *capi_python_start(const char *python, const void **vm)
{
    const char *failure = python ? start_python(python) : NULL;
    if (failure)
        return failure;
    PyGILState_STATE state = python ? PyGILState_LOCKED : PyGILState_Ensure();
    PyObject *needed = PyImport_ImportModule("wasm_capi.needed"); /* what is missing shows here */
    *vm = needed ? PyCapsule_Import(VM_CAPSULE_NAME, 0) : NULL;
    if (!*vm)
        failure = message_of_error();
    Py_XDECREF(needed);
    if (python)
        (void)PyEval_SaveThread();
    else
        PyGILState_Release(state);
    return failure;
}
