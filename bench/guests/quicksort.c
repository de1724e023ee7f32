/* quicksort: pseudo-random 32-bit keys, recursion on the smaller half; branches that no predictor learns. */
#ifndef MAX
#define MAX (1 << 20)
#endif
static int keys[MAX];

static void sort(int lo, int hi) {
    while (lo < hi) {
        int i = lo, j = hi, pivot = keys[lo + (hi - lo) / 2];
        while (i <= j) {
            while (keys[i] < pivot) i++;
            while (keys[j] > pivot) j--;
            if (i <= j) {
                int t = keys[i];
                keys[i++] = keys[j];
                keys[j--] = t;
            }
        }
        if (j - lo < hi - i) {
            sort(lo, j);
            lo = i;
        } else {
            sort(i, hi);
            hi = j;
        }
    }
}

long long run(int rounds) {
    long long sum = 0;
    unsigned seed = 12345;
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < MAX; i++) keys[i] = (int)(seed = seed * 1664525u + 1013904223u);
        sort(0, MAX - 1);
        for (int i = 0; i < MAX; i += 1021) sum = sum * 31 + keys[i];
    }
    return sum;
}
