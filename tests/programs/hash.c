/* hash: SHA-256 of files, printed as sha256sum does. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t k[64], start[8];

/* The constants are the fractions of roots of primes: found by integer search, so that nothing is typed twice. */
static uint32_t root_fraction(int prime, int cube) {
    unsigned __int128 target = (unsigned __int128)prime << (cube ? 96 : 64), low = 0, high = (unsigned __int128)1 << 40;
    while (high - low > 1) {
        unsigned __int128 middle = (low + high) / 2, power = middle * middle * (cube ? middle : 1);
        if (power <= target) low = middle;
        else high = middle;
    }
    return (uint32_t)low;
}

static void prepare(void) {
    for (int n = 2, found = 0; found < 64; n++) {
        int prime = 1;
        for (int d = 2; d * d <= n; d++) prime &= n % d != 0;
        if (!prime) continue;
        if (found < 8) start[found] = root_fraction(n, 0);
        k[found++] = root_fraction(n, 1);
    }
}

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++, block += 4)
        w[i] = (uint32_t)block[0] << 24 | block[1] << 16 | block[2] << 8 | block[3];
    for (int i = 16; i < 64; i++) {
        uint32_t x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) + w[i - 7] + (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6]));
        uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        t1 += k[i] + w[i];
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

static int hash(const char *path) {
    static uint8_t block[1 << 16];
    FILE *file = fopen(path, "rb");
    if (!file) return fprintf(stderr, "%s: %s\n", path, strerror(errno)), 1;
    setvbuf(file, 0, _IONBF, 0);
    uint32_t state[8];
    memcpy(state, start, sizeof state);
    uint64_t total = 0;
    size_t got;
    while ((got = fread(block, 1, sizeof block, file)) == sizeof block) {
        for (size_t i = 0; i < got; i += 64) compress(state, block + i);
        total += got;
    }
    fclose(file);
    total += got;
    size_t padded = (got + 9 + 63) / 64 * 64, tail = padded > sizeof block;
    if (tail) return fprintf(stderr, "%s: the last block has no room for the padding\n", path), 1;
    memset(block + got, 0, padded - got);
    block[got] = 0x80;
    for (int i = 0; i < 8; i++) block[padded - 1 - i] = (uint8_t)(total * 8 >> (8 * i));
    for (size_t i = 0; i < padded; i += 64) compress(state, block + i);
    for (int i = 0; i < 8; i++) printf("%08x", state[i]);
    printf("  %s\n", path);
    return 0;
}

int main(int argc, char **argv) {
    prepare();
    int status = 0;
    for (int i = 1; i < argc; i++) status |= hash(argv[i]);
    return status;
}
