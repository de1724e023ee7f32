/* sieve: Eratosthenes over a byte array, several times. */
#ifndef LIMIT
#define LIMIT 2000000
#endif
static unsigned char composite[LIMIT];

long long run(int rounds) {
    long long sum = 0;
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < LIMIT; i++) composite[i] = 0;
        for (int p = 2; p * p < LIMIT; p++)
            if (!composite[p])
                for (int m = p * p; m < LIMIT; m += p) composite[m] = 1;
        for (int i = 2 + r; i < LIMIT; i++)
            if (!composite[i]) sum += i;
    }
    return sum;
}
