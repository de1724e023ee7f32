/* matmul: dense products of doubles, textbook loop order; 200 x 200, so that no row length is a power of two. */
#ifndef N
#define N 200
#endif
static double a[N][N], b[N][N], c[N][N];

double run(int rounds) {
    double trace = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * 7 + j * 3) % 11 * 0.5;
            b[i][j] = (i * 5 - j * 2) % 13 * 0.25;
        }
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double sum = 0;
                for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        for (int i = 0; i < N; i++) trace += c[i][i] + c[i][N - 1 - i];
        a[r % N][r * 7 % N] += 1;
    }
    return trace;
}
