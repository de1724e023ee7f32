/* jumps: setjmp and longjmp as programs use them: error exits, retries, several buffers in one frame, out of callbacks, over many frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf outer;

/* An expression evaluator that leaves by longjmp, with a number that says why. */
enum { NO_NUMBER = 1, DIVIDED, UNBALANCED, TRAILING };
static jmp_buf failed;
static const char *at;

static long sum(void);

static long atom(void) {
    if (*at == '(') {
        at++;
        long value = sum();
        if (*at++ != ')') longjmp(failed, UNBALANCED);
        return value;
    }
    char *end;
    long value = strtol(at, &end, 10);
    if (end == at) longjmp(failed, NO_NUMBER);
    at = end;
    return value;
}

static long product(void) {
    long value = atom();
    while (*at == '*' || *at == '/') {
        char operator= * at++;
        long right = atom();
        if (operator== '/' && right == 0) longjmp(failed, DIVIDED);
        value = operator== '*' ? value * right : value / right;
    }
    return value;
}

static long sum(void) {
    long value = product();
    while (*at == '+' || *at == '-') value = *at++ == '+' ? value + product() : value - product();
    return value;
}

static void evaluate(const char *text) {
    at = text;
    int why = setjmp(failed);
    if (why) {
        printf("%s: error %d at %d\n", text, why, (int)(at - text));
        return;
    }
    long value = sum();
    if (*at) longjmp(failed, TRAILING);
    printf("%s = %ld\n", text, value);
}

/* Out of a library's callback. */
static int compared;
static int compare(const void *a, const void *b) {
    if (++compared == 20) longjmp(outer, compared);
    return *(const int *)a - *(const int *)b;
}

static double down(int depth, double x) {
    char frame[64];
    memset(frame, depth, sizeof frame);
    if (depth == 0) longjmp(outer, (int)(x * 4));
    return down(depth - 1, x + 0.25) + frame[depth % 64];
}

/* Each buffer must return to its own setjmp, with the locals that it had. */
static void two_buffers(int which) {
    jmp_buf first, second;
    volatile int visits = 0;
    int a = setjmp(first);
    if (a == 0) puts("first set");
    int b = setjmp(second);
    visits++;
    printf("a %d, b %d, visits %d\n", a, b, visits);
    if (visits == 1) longjmp(which ? first : second, 10);
    if (visits == 2) longjmp(second, 20);
}

static int retried(int times) {
    volatile int tries = 0;
    while (1) {
        jmp_buf again;
        if (setjmp(again) == 0 || tries < times) {
            tries++;
            if (tries <= times) longjmp(again, tries);
            return tries;
        }
    }
}

/* A handler inside a handler, as interpreters nest them. */
struct handler {
    jmp_buf buffer;
    struct handler *previous;
    char message[40];
};
static struct handler *handlers;

static void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(handlers->message, sizeof handlers->message, format, values);
    va_end(values);
    longjmp(handlers->buffer, 1);
}

static int protected(int (*body)(int), int value) {
    struct handler here = {.previous = handlers};
    handlers = &here;
    int result = -1;
    if (setjmp(here.buffer) == 0)
        result = body(value);
    else
        printf("caught: %s\n", here.message);
    handlers = here.previous;
    return result;
}

static int leaf(int value) {
    if (value % 3 == 0) fail("%d is a multiple of %d", value, 3);
    return value;
}

static int nested(int value) {
    int inner = protected(leaf, value);
    if (inner < 0 && value % 2 == 0) fail("again, from %d", value);
    return inner * 2;
}

int main(void) {
    static const char *const texts[] = {"1+2*3", "(4-(5))*6", "7/0", "8*(9", "", "1+x", "2 2", "((((3))))/2"};
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) evaluate(texts[k]);
    int numbers[64];
    for (int k = 0; k < 64; k++) numbers[k] = (k * 37) % 64;
    int left = setjmp(outer);
    if (left == 0) qsort(numbers, 64, sizeof *numbers, compare);
    printf("sorting left at comparison %d\n", left);
    left = setjmp(outer);
    if (left == 0) printf("%f\n", down(900, 1.5));
    printf("from below: %d\n", left);
    left = setjmp(outer);
    if (left == 0) longjmp(outer, 0);
    printf("zero arrives as %d\n", left);
    two_buffers(0);
    two_buffers(1);
    printf("%d tries\n", retried(5));
    for (int k = 1; k <= 7; k++) printf("%d: %d\n", k, protected(nested, k));
    long sums = 0;
    for (volatile int k = 0; k < 20000; k++) {
        left = setjmp(outer);
        if (left == 0) longjmp(outer, k % 7 + 1);
        sums += left;
    }
    printf("%ld\n", sums);
    return 0;
}
