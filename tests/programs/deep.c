/* deep: recurse until the stack is exhausted, with frames that live on the wasm stack only. */
#include <stdio.h>

__attribute__((noinline)) static long deep(long n, volatile int *limit) {
    return n == *limit ? 0 : deep(n + 1, limit) * 3 + n;
}

int main(void) {
    volatile int limit = 1000;
    printf("shallow: %ld\n", deep(0, &limit));
    fflush(stdout);
    limit = -1;
    printf("not reached: %ld\n", deep(0, &limit));
    return 0;
}
