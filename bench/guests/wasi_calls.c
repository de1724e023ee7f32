/* wasi_calls: each function makes one kind of call of preview 1 `n` times, in the preopened directory (fd 3), and returns the last errno. */
typedef unsigned u32;
typedef unsigned long long u64;
typedef struct { void *data; u32 size; } slice;

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) extern int name
WASI(clock_time_get)(u32 id, u64 precision, u64 *out);
WASI(fd_close)(u32 fd);
WASI(fd_read)(u32 fd, const slice *slices, u32 count, u32 *out);
WASI(fd_pread)(u32 fd, const slice *slices, u32 count, u64 offset, u32 *out);
WASI(fd_readdir)(u32 fd, void *data, u32 size, u64 cookie, u32 *out);
WASI(fd_seek)(u32 fd, long long offset, u32 whence, u64 *out);
WASI(fd_write)(u32 fd, const slice *slices, u32 count, u32 *out);
WASI(path_filestat_get)(u32 fd, u32 flags, const char *path, u32 size, void *out);
WASI(path_open)(u32 fd, u32 lookup, const char *path, u32 size, u32 oflags, u64 base, u64 inheriting, u32 flags, u32 *out);
WASI(path_unlink_file)(u32 fd, const char *path, u32 size);
WASI(random_get)(void *data, u32 size);

enum { ROOT = 3, FOLLOW = 1, CREATE = 1, DIRECTORY = 2, TRUNCATE = 8, START = 0, HERE = 1 };
enum { READ = 1 << 1, SEEK = 1 << 2, TELL = 1 << 5, WRITE = 1 << 6, LIST = 1 << 14, EVERY = READ | SEEK | TELL | WRITE };
static char buffer[1 << 20], page[1 << 16], status[64];
static u32 file, moved;
static u64 result;

#define EXPORT(name) __attribute__((export_name(#name))) int name(int n)
#define REPEAT(call) int error = 0; for (int i = 0; i < n && !error; i++) error = (call); return error

static int opened(const char *path, u32 size, u32 how, u64 rights, u32 *out) { return path_open(ROOT, FOLLOW, path, size, how, rights, 0, 0, out); }

EXPORT(prepare)
{
    (void)n;
    return opened("file", 4, CREATE | TRUNCATE, EVERY, &file);
}
EXPORT(finish)
{
    (void)n;
    return fd_close(file);
}

static int rewound(void) { return fd_seek(file, 0, START, &result); }
static int all(int (*move)(u32, const slice *, u32, u32 *), u32 fd, void *data, u32 size)
{
    slice one = {data, size};
    return move(fd, &one, 1, &moved) || moved != size;
}

EXPORT(clock_now) { REPEAT(clock_time_get(1, 1, &result)); }
EXPORT(seek) { REPEAT(fd_seek(file, i & 1023, START, &result)); }
EXPORT(tell) { REPEAT(fd_seek(file, 0, HERE, &result)); }
EXPORT(random_16) { REPEAT(random_get(page, 16)); }
EXPORT(write_6) { if (rewound()) return -1; REPEAT(all(fd_write, file, "hello\n", 6)); }
EXPORT(print_6) { REPEAT(all(fd_write, 1, "hello\n", 6)); }
EXPORT(write_line) /* as a C library's stdio does: what was buffered, and the rest */
{
    slice two[2] = {{"hello, ", 7}, {"world\n", 6}};
    if (rewound()) return -1;
    REPEAT(fd_write(file, two, 2, &moved));
}
EXPORT(read_6) { if (rewound()) return -1; REPEAT(all(fd_read, file, page, 6)); }
EXPORT(pread_100) { slice one = {page, 100}; REPEAT(fd_pread(file, &one, 1, 6 * (u64)(i & 1023), &moved)); }
EXPORT(write_big) { if (rewound()) return -1; REPEAT(all(fd_write, file, buffer, sizeof buffer)); }
EXPORT(read_big) { if (rewound()) return -1; REPEAT(all(fd_read, file, buffer, sizeof buffer)); }
EXPORT(write_4k) { if (rewound()) return -1; REPEAT(all(fd_write, file, buffer, 4096)); }
EXPORT(read_4k) { if (rewound()) return -1; REPEAT(all(fd_read, file, buffer, 4096)); }
EXPORT(write_64k) { if (rewound()) return -1; REPEAT(all(fd_write, file, buffer, 1 << 16)); }
EXPORT(read_64k) { if (rewound()) return -1; REPEAT(all(fd_read, file, buffer, 1 << 16)); }
EXPORT(stat) { REPEAT(path_filestat_get(ROOT, FOLLOW, "file", 4, status)); }

static int cycle(const char *path, u32 how, u64 rights)
{
    u32 fd;
    int error = opened(path, 4, how, rights, &fd);
    return error ? error : fd_close(fd);
}
EXPORT(open_close) { REPEAT(cycle("file", 0, READ)); }

static int created(int i)
{
    char path[4] = {'n', (char)('a' + i / 26 / 26 % 26), (char)('a' + i / 26 % 26), (char)('a' + i % 26)};
    int error = cycle(path, CREATE, EVERY);
    return error ? error : path_unlink_file(ROOT, path, 4);
}
EXPORT(create) { REPEAT(created(i)); }

static int listed(u32 room)
{
    u32 fd, used = room;
    u64 cookie = 0;
    int error = opened("many", 4, DIRECTORY, LIST, &fd);
    while (!error && used == room) {
        error = fd_readdir(fd, page, room, cookie, &used);
        for (u32 at = 0; at + 24 <= used;) {
            u32 length = *(u32 *)(page + at + 16);
            if (at + 24 + length > used)
                break;
            cookie = *(u64 *)(page + at);
            at += 24 + length;
        }
    }
    return error ? error : fd_close(fd);
}
EXPORT(readdir) { REPEAT(listed(sizeof page)); }
EXPORT(readdir_4k) { REPEAT(listed(4096)); }
