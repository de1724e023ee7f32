/* files: every call of POSIX on files that WASI has, with what it gives and how it fails, one line each. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void tell(const char *what, long got) { printf("%s: %s%ld\n", what, got < 0 ? strerror(errno) : "", got); }

#define TELL(call) (errno = 0, tell(#call, (long)(call)))

static void show(const char *path) {
    struct stat status;
    if (lstat(path, &status)) {
        printf("%s: %s\n", path, strerror(errno));
        return;
    }
    printf("%s: type %o size %lld links %d times %lld %lld\n", path, status.st_mode & S_IFMT, (long long)status.st_size, (int)status.st_nlink,
           status.st_atim.tv_sec < 10000 ? (long long)status.st_atim.tv_sec : -1, status.st_mtim.tv_sec < 10000 ? (long long)status.st_mtim.tv_sec : -1);
}

int main(int argc, char **argv) {
    char buffer[64] = "";
    if (chdir(argv[1])) return perror("chdir"), 1;
    TELL(open("none", O_RDONLY));
    TELL(open("empty", O_RDONLY | O_CREAT | O_EXCL, 0666));
    TELL(open("a", O_RDWR));
    TELL(open("empty", O_RDONLY | O_DIRECTORY));
    TELL(open("link", O_RDONLY | O_NOFOLLOW));
    TELL(open("loop", O_RDONLY));
    TELL(open("../x", O_RDONLY));
    int fd = open("made", O_RDWR | O_CREAT | O_TRUNC, 0666);
    TELL(write(fd, "0123456789", 10));
    TELL(pwrite(fd, "ab", 2, 14));
    TELL(lseek(fd, -4, SEEK_END));
    TELL(read(fd, buffer, sizeof buffer));
    TELL(memcmp(buffer, "\0\0ab", 4));
    TELL(pread(fd, buffer, 5, 3));
    TELL(ftruncate(fd, 3));
    TELL(posix_fallocate(fd, 0, 8));
    TELL(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    TELL(fsync(fd));
    TELL(fdatasync(fd));
    struct timespec times[2] = {{7, 0}, {8, 0}};
    TELL(futimens(fd, times));
    show("made");
    int end = open("made", O_WRONLY | O_APPEND);
    TELL(write(end, "!", 1));
    TELL(read(end, buffer, 1));
    TELL(utimensat(AT_FDCWD, "made", times, 0));
    TELL(link("made", "hard"));
    show("hard");
    TELL(link("a", "folder"));
    TELL(symlink("made", "soft"));
    TELL(symlink("/etc", "out"));
    TELL(readlink("soft", buffer, sizeof buffer));
    TELL(readlink("made", buffer, sizeof buffer));
    show("soft");
    TELL(mkdir("folder", 0777));
    TELL(mkdir("folder", 0777));
    TELL(rename("soft", "folder/soft"));
    TELL(rmdir("folder"));
    TELL(rmdir("made"));
    TELL(unlink("folder"));
    TELL(rename("folder", "made"));
    TELL(unlink("folder/soft"));
    TELL(rmdir("folder"));
    TELL(unlink("hard"));
    TELL(unlink("made"));
    struct stat status;
    TELL(fstat(fd, &status));
    printf("links %d size %lld\n", (int)status.st_nlink, (long long)status.st_size);
    TELL(close(fd));
    TELL(close(fd));
    int names = 0;
    DIR *directory = opendir(".");
    while (readdir(directory)) names++;
    rewinddir(directory);
    while (readdir(directory)) names++;
    printf("names %d, remaining argument %d\n", names, argc);
    TELL(closedir(directory));
    return 0;
}
