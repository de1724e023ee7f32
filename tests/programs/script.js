// What the JavaScript interpreter is given: closures, generators, regular expressions, exceptions, big integers, sorting.
function* squares(n) { for (let i = 0; i < n; i++) yield i * i; }
const fib = n => (n < 2 ? n : fib(n - 1) + fib(n - 2));
const random = (seed => () => (seed = (seed * 1103515245 + 12345) % 2147483648))(42);

print([...squares(8)].join(), fib(22), "wasm".padStart(8, "-"));
print(/(\d+)-(\d+)/.exec("from 12-34 on").slice(1), "a-b-c".replaceAll("-", "+"));
print(2n ** 200n, (10n ** 40n) / 7n, 0.1 + 0.2, Math.sin(1), 1e21, -0 === 0);
print(JSON.stringify({ list: [1, { deep: null }], date: new Date(86400000).toISOString(), text: "\u00e9\n" }));

for (const bad of [() => null.field, () => JSON.parse("{"), () => [].reduce((a, b) => a), () => { throw new RangeError("mine"); }]) {
    try { bad(); } catch (error) { print(error.name + ":", error.message); }
}

const values = Array.from({ length: 20000 }, random);
values.sort((a, b) => a - b);
print(values.length, values[0], values[9999], values.at(-1), new Set(values).size);

const sieve = new Uint8Array(200000);
let primes = 0;
for (let i = 2; i < sieve.length; i++) {
    if (sieve[i]) continue;
    primes++;
    for (let j = i * 2; j < sieve.length; j += i) sieve[j] = 1;
}
print(primes, new Map([["k", new WeakMap()]]).size, typeof Symbol.iterator, [..."\u{1f600}x"].length);

class Shape { #name; constructor(name) { this.#name = name; } toString() { return `<${this.#name}>`; } }
print(String(new Shape("circle")), [3, 1, 2].toSorted(), Object.entries({ a: 1 }));
Promise.resolve(5).then(async value => { await null; print("then", value); throw new Error("late"); }).catch(e => print(e.message));
