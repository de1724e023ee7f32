/* matmul: dense n x n product of doubles, textbook loop order. */
#define MAX 512
static double a[MAX][MAX], b[MAX][MAX], c[MAX][MAX];

double run(int n) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            a[i][j] = (i * 7 + j * 3) % 11 * 0.5;
            b[i][j] = (i * 5 - j * 2) % 13 * 0.25;
        }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < n; k++) sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
    double trace = 0;
    for (int i = 0; i < n; i++) trace += c[i][i] + c[i][n - 1 - i];
    return trace;
}
