/* image_linux.c: images: what memories of a module start with, mapped from a sealed file when it is large enough. */
#define _GNU_SOURCE
#include "slots.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAP_FROM (1u << 14) /* bytes: images from so many on are mapped; see docs/decisions/0007-pool.md */
static unsigned mapped_images; /* each holds a file descriptor */

/* Of the file descriptors a process may have (usually 1024), an eighth is for images. */
static void *map_file(Image *image, uint64_t size)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) || mapped_images >= files.rlim_cur / 8)
        return MAP_FAILED;
    void *map = MAP_FAILED;
    image->file = descriptor_of(memfd_create("wasm image", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (image->file.fd >= 0 && !ftruncate(image->file.fd, (off_t)size))
        map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, image->file.fd, 0);
    if (map == MAP_FAILED)
        descriptor_close(&image->file);
    else
        mapped_images++;
    return map;
}

Image *image_new(uint64_t start, uint64_t size)
{
    Image *image = calloc(1, sizeof *image);
    if (!image)
        return NULL;
    image->references = 1;
    image->file.fd = -1;
    image->start = start;
    image->size = size;
    written_start(image);
    if (size >= MAP_FROM) {
        uint64_t low = page_down(start), high = page_up(start + size);
        void *map = map_file(image, high - low);
        if (map != MAP_FAILED) {
            image->start = low;
            image->size = high - low;
            image->bytes = map;
            image->mapped = true;
            return image;
        }
    }
    if (size && !(image->bytes = calloc(1, size))) {
        free(image);
        return NULL;
    }
    return image;
}

/* Nobody writes to it any more, in whatever way. */
void image_seal(Image *image)
{
    if (!image->mapped)
        return;
    (void)mprotect((void *)image->bytes, image->size, PROT_READ);
    if (descriptor_holds(&image->file))
        (void)fcntl(image->file.fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

void image_decref(Image *image)
{
    if (!image || --image->references)
        return;
    if (image->mapped) {
        munmap((void *)image->bytes, image->size);
        descriptor_close(&image->file);
        mapped_images--;
    } else {
        free((void *)image->bytes);
    }
    free(image);
}
