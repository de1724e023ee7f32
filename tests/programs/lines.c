/* lines: count lines, words and bytes of standard input, and its longest line. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    static char block[1 << 16];
    long lines = 0, words = 0, bytes = 0, longest = 0, length = 0;
    int inside = 0;
    for (ssize_t got; (got = read(0, block, sizeof block)) > 0; bytes += got)
        for (ssize_t i = 0; i < got; i++) {
            int space = block[i] == ' ' || block[i] == '\n' || block[i] == '\t';
            words += !space && !inside;
            inside = !space;
            length++;
            if (block[i] == '\n') {
                lines++;
                if (length > longest) longest = length;
                length = 0;
            }
        }
    printf("%ld lines, %ld words, %ld bytes, longest %ld\n", lines, words, bytes, longest);
    return 0;
}
