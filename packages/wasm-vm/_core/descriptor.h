/* descriptor.h: file descriptors that this library keeps open in a process that may close them behind its back (daemons close all they have), after which
 * the number is another file's. So what a number leads to is compared before it is relied on or closed. */
#ifndef WASM_VM_DESCRIPTOR_H
#define WASM_VM_DESCRIPTOR_H

#include "core.h" /* Python.h first: it says what the system's headers offer */

#include <sys/stat.h>
#include <unistd.h>

typedef struct Descriptor {
    int fd; /* -1: none */
    dev_t device;
    ino_t inode;
} Descriptor;

#define NO_DESCRIPTOR {.fd = -1}

/* Whether the number still leads to the file it did. */
static inline bool descriptor_holds(const Descriptor *self)
{
    struct stat now;
    return self->fd >= 0 && !fstat(self->fd, &now) && now.st_dev == self->device && now.st_ino == self->inode;
}

/* Takes `fd`, or -1, over. */
static inline Descriptor descriptor_of(int fd)
{
    Descriptor self = NO_DESCRIPTOR;
    struct stat now;
    if (fd < 0)
        return self;
    if (fstat(fd, &now)) {
        close(fd);
        return self;
    }
    return (Descriptor){fd, now.st_dev, now.st_ino};
}

static inline void descriptor_close(Descriptor *self)
{
    if (descriptor_holds(self))
        close(self->fd);
    self->fd = -1;
}

#endif
