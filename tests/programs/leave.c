/* leave: say something on both streams, exit 7. */
#include <stdio.h>
#include <stdlib.h>

static void farewell(void) { puts("leaving"); }

int main(int argc, char **argv) {
    atexit(farewell);
    for (int i = 1; i < argc; i++) printf("argument %d: %s\n", i, argv[i]);
    fprintf(stderr, "an error\n");
    exit(7);
}
