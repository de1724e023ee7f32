/* interp: a bytecode interpreter (the Collatz sequence); indirect branches through a switch. */
enum { PUSH, LOAD, STORE, ADD, SUB, MUL, SHR, AND, JUMP, JUMP_IF_ZERO, HALT };

/* for (m = 1, total = 0; m != limit; m++) for (x = m; x != 1; total++) x = x & 1 ? 3 * x + 1 : x >> 1; */
static const int program[] = {
    PUSH, 1, STORE, 0,                                        /*  0: m = 1            */
    LOAD, 0, LOAD, 3, SUB, JUMP_IF_ZERO, 54,                  /*  4: m == limit: halt */
    LOAD, 0, STORE, 1,                                        /* 11: x = m            */
    LOAD, 1, PUSH, 1, SUB, JUMP_IF_ZERO, 45,                  /* 15: x == 1: next m   */
    LOAD, 1, PUSH, 1, AND, JUMP_IF_ZERO, 57,                  /* 22: even?            */
    LOAD, 1, PUSH, 3, MUL, PUSH, 1, ADD, STORE, 1,            /* 29: x = 3 * x + 1    */
    JUMP, 64, HALT, HALT, HALT, HALT,                         /* 39:                  */
    LOAD, 0, PUSH, 1, ADD, STORE, 0, JUMP, 4,                 /* 45: m++              */
    HALT, HALT, HALT,                                         /* 54:                  */
    LOAD, 1, PUSH, 1, SHR, STORE, 1,                          /* 57: x = x >> 1       */
    LOAD, 2, PUSH, 1, ADD, STORE, 2, JUMP, 15,                /* 64: total++          */
};

long long run(int limit) {
    long long stack[16], vars[4] = {0, 0, 0, limit};
    long long *sp = stack;
    for (const int *pc = program;;) {
        switch (*pc++) {
        case PUSH: *sp++ = *pc++; break;
        case LOAD: *sp++ = vars[*pc++]; break;
        case STORE: vars[*pc++] = *--sp; break;
        case ADD: sp--, sp[-1] += sp[0]; break;
        case SUB: sp--, sp[-1] -= sp[0]; break;
        case MUL: sp--, sp[-1] *= sp[0]; break;
        case SHR: sp--, sp[-1] >>= sp[0]; break;
        case AND: sp--, sp[-1] &= sp[0]; break;
        case JUMP: pc = program + *pc; break;
        case JUMP_IF_ZERO: pc = *--sp ? pc + 1 : program + *pc; break;
        case HALT: return vars[2];
        }
    }
}
