/* stencil: Jacobi sweeps with a five-point star over a 256 x 256 grid. */
#ifndef N
#define N 256
#endif
static double grid[2][N][N];

double run(int sweeps) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) grid[0][i][j] = grid[1][i][j] = (i * j) % 17;
    for (int t = 0; t < sweeps; t++) {
        double(*from)[N] = grid[t & 1], (*to)[N] = grid[~t & 1];
        for (int i = 1; i < N - 1; i++)
            for (int j = 1; j < N - 1; j++)
                to[i][j] = 0.2 * (from[i][j] + from[i - 1][j] + from[i + 1][j] + from[i][j - 1] + from[i][j + 1]);
    }
    double sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) sum += grid[0][i][j] - 0.5 * grid[1][i][j];
    return sum;
}
