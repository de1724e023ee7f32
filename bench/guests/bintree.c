/* bintree: grow and walk binary trees in a bump allocator; pointer chasing. */
typedef struct node { struct node *left, *right; } node;
static node pool[1 << 20];
#ifndef DEEP
#define DEEP 16
#endif
static int used;

static node *grow(int depth) {
    node *n = &pool[used++];
    n->left = depth ? grow(depth - 1) : 0;
    n->right = depth ? grow(depth - 1) : 0;
    return n;
}

static int count(const node *n) { return n ? 1 + count(n->left) + count(n->right) : 0; }

long long run(int rounds) {
    long long sum = 0;
    for (int r = 0; r < rounds; r++)
        for (int depth = 4; depth <= DEEP; depth += 2) {
            used = 0;
            for (int i = 0; i < 1 << (DEEP - depth); i++) sum += count(grow(depth)), used = i & 7 ? used : 0;
        }
    return sum;
}
