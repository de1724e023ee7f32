/* beneath_linux.h: what a path beneath a directory leads to: its status, or the file, for plain calls of WASI. */
#ifndef WASM_VM_BENEATH_LINUX_H
#define WASM_VM_BENEATH_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* `path`: a guest's, of `size` bytes, which may change meanwhile; with `follow` false a symlink at its end is not followed. False: Python has to find out, or
 * say what is wrong. Nothing that leaves the directory is ever looked at. Without the GIL; blocks no longer than the host's folders do. */
bool status_beneath(int directory, const uint8_t *path, size_t size, bool follow, struct stat *found);
/* The same path opened, if it leads to a regular file; `flags` are open(2)'s. -1: as above, nothing of another kind was opened. */
int file_beneath(int directory, const uint8_t *path, size_t size, bool follow, int flags);
/* WASI's file type, numbered as preview 1 does. */
uint8_t file_type(const struct stat *found);
/* Of access, of the data's and the status's change: nanoseconds since 1970. False: before, or more than there is room for. */
bool status_times(const struct stat *found, uint64_t times[3]);

#endif
