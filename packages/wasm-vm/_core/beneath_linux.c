/* beneath_linux.c: what a path beneath a directory leads to (cf. beneath.py of wasm-wasi-common, which does the rest and all errors). */
#define _GNU_SOURCE
#include "beneath_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_PATH = 1024, OPENAT2 = 437 }; /* longer paths are left to Python; the call's number is the same on every architecture */

/* struct open_how of linux/openat2.h, which is newer than some headers. */
struct how {
    uint64_t flags, mode, resolve;
};
enum { NO_MAGICLINKS = 0x02, BENEATH = 0x08, NEW_FILE = 0666 };

/* With several components, or a symlink to follow: the kernel sees to it that nothing leads out. */
static int opened(int directory, const char *path, bool follow, int flags)
{
    const uint64_t mode = flags & O_CREAT ? NEW_FILE : 0;
    const struct how how = {.flags = (uint64_t)(flags | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW)), .mode = mode, .resolve = BENEATH | NO_MAGICLINKS};
    return (int)syscall(OPENAT2, directory, path, &how, sizeof how);
}

static bool resolved(int directory, const char *path, bool follow, struct stat *found)
{
    const int fd = opened(directory, path, follow, O_PATH);
    if (fd < 0)
        return false;
    const bool told = !fstat(fd, found);
    (void)close(fd); /* of what was opened by its path alone: there is nothing to lose */
    return told;
}

/* The path as C's string, if it is one that can be looked for here. */
static bool named(const uint8_t *path, size_t size, char name[MOST_PATH + 1])
{
    if (!size || size > MOST_PATH)
        return false;
    memcpy(name, path, size); /* once: shared memory may change */
    name[size] = 0;
    return strlen(name) == size && name[0] != '/' && name[size - 1] != '/';
}

static bool leads_through(const char *name) { return strchr(name, '/') || !strcmp(name, ".."); }

bool status_beneath(int directory, const uint8_t *path, size_t size, bool follow, struct stat *found)
{
    char name[MOST_PATH + 1];
    if (!named(path, size, name))
        return false;
    if (leads_through(name))
        return resolved(directory, name, follow, found);
    if (fstatat(directory, name, found, AT_SYMLINK_NOFOLLOW))
        return false;
    return !follow || !S_ISLNK(found->st_mode) || resolved(directory, name, true, found);
}

/* Its status comes first: to open a pipe or a device, and close it again, is not nothing. */
int file_beneath(int directory, const uint8_t *path, size_t size, bool follow, int flags)
{
    char name[MOST_PATH + 1];
    struct stat found;
    if (!named(path, size, name))
        return -1;
    bool through = leads_through(name), exists = true;
    if (through ? !resolved(directory, name, follow, &found) : fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW)) {
        if (through || errno != ENOENT || !(flags & O_CREAT))
            return -1;
        exists = false;
        flags |= O_EXCL; /* what comes there meanwhile is Python's to look at */
    } else if (S_ISLNK(found.st_mode)) {
        if (!follow || through || flags & O_CREAT || !resolved(directory, name, true, &found))
            return -1;
        through = true;
    } else if (flags & O_EXCL) {
        return -1;
    } /* O_CREAT stays where there is a file: the system may refuse it in folders that are anybody's (protected_regular) */
    if (exists && !S_ISREG(found.st_mode))
        return -1;
    flags |= O_NONBLOCK | O_NOCTTY;
    const int fd = through ? opened(directory, name, follow, flags) : openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, NEW_FILE);
    if (fd < 0 || (!fstat(fd, &found) && S_ISREG(found.st_mode)))
        return fd;
    (void)close(fd); /* put there since */
    return -1;
}

uint8_t file_type(const struct stat *found)
{
    enum { UNKNOWN, BLOCK_DEVICE, CHARACTER_DEVICE, DIRECTORY, REGULAR_FILE, SOCKET_STREAM = 6, SYMBOLIC_LINK };
    switch (found->st_mode & S_IFMT) {
    case S_IFBLK: return BLOCK_DEVICE;
    case S_IFCHR: return CHARACTER_DEVICE;
    case S_IFDIR: return DIRECTORY;
    case S_IFREG: return REGULAR_FILE;
    case S_IFSOCK: return SOCKET_STREAM;
    case S_IFLNK: return SYMBOLIC_LINK;
    default: return UNKNOWN;
    }
}

bool status_times(const struct stat *found, uint64_t times[3])
{
    const struct timespec given[3] = {found->st_atim, found->st_mtim, found->st_ctim};
    for (int i = 0; i < 3; i++) {
        if (given[i].tv_sec < 0 || given[i].tv_sec >= INT64_MAX / 1000000000)
            return false;
        times[i] = (uint64_t)given[i].tv_sec * 1000000000u + (uint64_t)given[i].tv_nsec;
    }
    return true;
}
