// exceptions: what C++ programs do with them: hierarchies, destructors, rethrowing, nesting, exception_ptr, callbacks, many frames; beside setjmp in one function.
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

struct Noisy {
    const char *name;
    explicit Noisy(const char *name) : name(name) { printf("+%s ", name); }
    ~Noisy() { printf("-%s%s ", name, std::uncaught_exceptions() ? "!" : ""); }
};

struct Left { virtual ~Left() = default; int64_t left = 11; };
struct Right { virtual ~Right() = default; double right = 2.5; };
struct Both : Left, Right { int own = 33; };
struct Big { int64_t many[40]; };

struct Failure : std::runtime_error {
    int code;
    Failure(const std::string &text, int code) : std::runtime_error(text), code(code) {}
};

static void thrower(int kind) {
    Noisy here("thrower");
    switch (kind) {
    case 0: throw 7;
    case 1: throw Failure("a failure with a text that no small string holds", 42);
    case 2: throw Both();
    case 3: throw "a literal";
    case 4: throw INT64_C(-5000000000);
    case 5: throw 0.125;
    case 6: { Big big; for (int k = 0; k < 40; k++) big.many[k] = k * k; throw big; }
    case 7: throw std::make_shared<int>(99);
    case 8: { static Both both; throw static_cast<Right *>(&both); }
    case 9: throw std::bad_alloc();
    case 10: { std::vector<int> v(3); v.at(kind) = 1; break; }
    case 11: throw std::map<std::string, int>{{"one", 1}, {"two", 2}};
    default: break;
    }
}

static void caught(int kind) {
    try {
        Noisy outer("outer");
        thrower(kind);
        printf("nothing\n");
    } catch (int value) {
        printf("int %d\n", value);
    } catch (const Failure &failure) {
        printf("failure %d: %s\n", failure.code, failure.what());
    } catch (Right &right) {
        printf("right %g, own %d\n", right.right, dynamic_cast<Both &>(right).own);
    } catch (const char *text) {
        printf("%s\n", text);
    } catch (int64_t value) {
        printf("int64 %lld\n", (long long)value);
    } catch (double value) {
        printf("double %g\n", value);
    } catch (Big big) {
        printf("big %lld\n", (long long)big.many[39]);
    } catch (const std::shared_ptr<int> &shared) {
        printf("shared %d\n", *shared);
    } catch (Right *right) {
        printf("pointer to right %g\n", right->right);
    } catch (const std::exception &other) {
        printf("standard: %s\n", other.what());
    } catch (...) {
        printf("something else\n");
    }
}

static int frames(int depth) {
    struct Count { int &n; ~Count() { n++; } };
    static int unwound;
    Count count{unwound};
    if (depth == 0) throw unwound;
    return frames(depth - 1) + depth;
}

static void rethrown(int levels) {
    try {
        if (levels == 0) throw Failure("the first", 0);
        rethrown(levels - 1);
    } catch (Failure &failure) {
        failure.code += levels;
        if (levels % 2) throw;
        throw Failure(std::string("after ") + failure.what(), failure.code);
    }
}

static void nested() {
    try {
        try {
            throw std::logic_error("inside");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("around"));
        }
    } catch (const std::exception &outside) {
        printf("%s", outside.what());
        try {
            std::rethrow_if_nested(outside);
        } catch (const std::exception &inside) {
            printf(" <- %s\n", inside.what());
        }
    }
}

struct Cleaner {
    ~Cleaner() {
        try { throw 1; } catch (int) { printf("cleaned "); }
    }
};

struct Member {
    Noisy first{"first"};
    Noisy second;
    explicit Member(bool fail) try : second((fail ? throw Failure("no second", 2) : 0, "second")) {
    } catch (const Failure &failure) {
        printf("constructor: %s ", failure.what());
    }
};

static std::exception_ptr kept(const std::function<void()> &body) {
    try { body(); } catch (...) { return std::current_exception(); }
    return nullptr;
}

static int compare(const void *a, const void *b) {
    int left = *static_cast<const int *>(a), right = *static_cast<const int *>(b);
    if (left == 13 || right == 13) throw std::domain_error("thirteen");
    return left - right;
}

// Both kinds of unwinding in one function: each handler sees only its own.
static jmp_buf back;
static int mixed(int kind) {
    if (setjmp(back)) return 100;
    try {
        Noisy here("mixed");
        if (kind == 0) throw 1;
        if (kind == 1) longjmp(back, 5);
        return kind;
    } catch (int value) {
        return value + 200;
    }
}

// A stack machine whose every error is an exception, run often.
static int64_t machine(unsigned seed) {
    std::vector<int64_t> stack;
    int64_t total = 0;
    for (int step = 0; step < 30000; step++) {
        seed = seed * 1664525 + 1013904223;
        try {
            if (seed >> 28 < 9) { stack.push_back(seed >> 8); continue; }
            if (stack.size() < 2) throw std::out_of_range("stack");
            int64_t a = stack.back(); stack.pop_back();
            int64_t b = stack.back(); stack.pop_back();
            if (b % 5 == 0) throw b;
            stack.push_back(a % 1000003 * (b % 7));
        } catch (const std::out_of_range &) {
            total = total * 31 + 1;
        } catch (int64_t value) {
            total ^= value;
        }
    }
    return total + (int64_t)stack.size();
}

static void trapped() {
    Noisy here("trapped");
    fflush(stdout);
    __builtin_trap();
}

int main(int argc, char **) {
    if (argc > 1) {
        try { trapped(); } catch (...) { printf("a trap is no exception\n"); }
        return 1;
    }
    for (int kind = 0; kind < 13; kind++) caught(kind);
    try { frames(1000); } catch (int before) { printf("%d unwound before\n", before); }
    try { frames(0); } catch (int before) { printf("%d unwound before\n", before); }
    try { rethrown(6); } catch (const Failure &failure) { printf("%s, code %d\n", failure.what(), failure.code); }
    nested();
    try { Cleaner cleaner; throw 2; } catch (int value) { printf("%d\n", value); }
    try { Member fine(false); Member broken(true); } catch (const Failure &failure) { printf("then code %d\n", failure.code); }
    std::exception_ptr first = kept([] { thrower(1); }), second = kept([] {});
    printf("%d %d\n", first != nullptr, second != nullptr);
    for (int k = 0; k < 2; k++)
        try { std::rethrow_exception(first); } catch (const Failure &failure) { printf("kept: %d\n", failure.code); }
    int numbers[] = {5, 8, 2, 13, 1};
    try { qsort(numbers, 5, sizeof *numbers, compare); } catch (const std::domain_error &error) { printf("out of qsort: %s\n", error.what()); }
    for (int kind = 0; kind < 3; kind++) printf("%d\n", mixed(kind));
    printf("%lld\n", (long long)machine(1));
    try { std::unique_ptr<char[]> huge(new char[UINT32_MAX - 65536]); printf("allocated\n"); } catch (const std::bad_alloc &) { printf("no memory\n"); }
    std::set_terminate([] { printf("terminated\n"); fflush(stdout); _Exit(9); });
    [] () noexcept { thrower(3); }();
}
