/* javascript: run a script from standard input in QuickJS (its source comes from a package, see build.py). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quickjs.h"

static JSValue print(JSContext *context, JSValueConst this_value, int argc, JSValueConst *argv) {
    for (int i = 0; i < argc; i++) {
        const char *text = JS_ToCString(context, argv[i]);
        if (!text) return JS_EXCEPTION;
        printf("%s%s", i ? " " : "", text);
        JS_FreeCString(context, text);
    }
    putchar('\n');
    return JS_UNDEFINED;
}

static char *read_all(FILE *file, size_t *length) {
    size_t capacity = 1 << 16;
    char *text = malloc(capacity + 1);
    *length = 0;
    for (size_t got; (got = fread(text + *length, 1, capacity - *length, file)) > 0;)
        if ((*length += got) == capacity) text = realloc(text, (capacity *= 2) + 1);
    text[*length] = 0;
    return text;
}

int main(void) {
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = JS_NewContext(runtime);
    JSValue global = JS_GetGlobalObject(context);
    JS_SetPropertyStr(context, global, "print", JS_NewCFunction(context, print, "print", 1));
    JS_FreeValue(context, global);

    size_t length;
    char *script = read_all(stdin, &length);
    JSValue result = JS_Eval(context, script, length, "script", JS_EVAL_TYPE_GLOBAL);
    int status = 0;
    if (JS_IsException(result)) {
        JSValue error = JS_GetException(context);
        const char *text = JS_ToCString(context, error);
        fprintf(stderr, "uncaught %s\n", text ? text : "exception");
        JS_FreeCString(context, text);
        JS_FreeValue(context, error);
        status = 3;
    }
    for (JSContext *job; status == 0 && JS_ExecutePendingJob(runtime, &job) > 0;) {}
    JS_FreeValue(context, result);
    JS_FreeContext(context);
    JS_FreeRuntime(runtime);
    free(script);
    return status;
}
