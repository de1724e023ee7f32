/* walk: list a directory tree, sorted, with kinds and sizes; then change it and list it again. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void walk(const char *path, int depth) {
    DIR *directory = opendir(path);
    if (!directory) {
        printf("%*s%s: %s\n", depth * 2, "", path, strerror(errno));
        return;
    }
    char *names[1024];
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) && count < 1024;)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) names[count++] = strdup(entry->d_name);
    closedir(directory);
    qsort(names, count, sizeof *names, by_name);
    for (int i = 0; i < count; i++) {
        char child[4096];
        struct stat status;
        snprintf(child, sizeof child, "%s/%s", path, names[i]);
        if (lstat(child, &status)) {
            printf("%*s%s: %s\n", depth * 2, "", names[i], strerror(errno));
        } else if (S_ISDIR(status.st_mode)) {
            printf("%*s%s/\n", depth * 2, "", names[i]);
            walk(child, depth + 1);
        } else if (S_ISLNK(status.st_mode)) {
            char target[4096];
            ssize_t length = readlink(child, target, sizeof target - 1);
            target[length < 0 ? 0 : length] = 0;
            printf("%*s%s -> %s\n", depth * 2, "", names[i], target);
        } else {
            printf("%*s%s %lld\n", depth * 2, "", names[i], (long long)status.st_size);
        }
        free(names[i]);
    }
}

int main(int argc, char **argv) {
    const char *root = argc > 1 ? argv[1] : ".";
    walk(root, 0);
    if (chdir(root)) return perror("chdir"), 1;
    FILE *file = fopen("made.txt", "w");
    if (!file) return perror("made.txt"), 1;
    fprintf(file, "%s %d\n", getenv("GREETING") ? getenv("GREETING") : "none", argc);
    fclose(file);
    if (mkdir("made", 0777) || rename("made.txt", "made/moved.txt")) return perror("made"), 1;
    printf("outside: %s\n", fopen("../../etc/passwd", "r") ? "readable" : "refused");
    printf("missing: %s\n", fopen("no/such", "r") ? "readable" : strerror(errno));
    walk(".", 0);
    if (unlink("made/moved.txt") || rmdir("made")) return perror("clean up"), 1;
    return 0;
}
