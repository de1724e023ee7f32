/* hello: the smallest useful WASI program, without a libc. */
typedef struct { const char *text; int length; } slice;

__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write")))
int fd_write(int fd, const slice *slices, int count, int *written);

void _start(void) {
    static const char text[] = "hello\n";
    slice out = {text, sizeof text - 1};
    int written;
    fd_write(1, &out, 1, &written);
}
