// all.wit in JavaScript, for componentize-js.
import { File, ask, mirror, notify } from "demo:all/host@1.2.0";

const same = (x) => x;

export const numbers = {
  echoBool: same, echoS8: same, echoU8: same, echoS16: same, echoU16: same, echoS32: same, echoU32: same, echoS64: same, echoU64: same,
  echoF32: same, echoF64: same, echoChar: same,
  sum: (a, b, c, d, e, f, g, h) => a + b + c + d + e + f + g + h,
};

export const values = {
  nothing() {},
  echoString: same, echoPoint: same, echoPerson: same, echoWidths: same, echoShape: same, echoColor: same, echoRights: same, echoTuple: same,
  echoOption: same, echoOptions: same, echoMaybe: same, echoBytes: same, echoBools: same, echoU16s: same, echoS32s: same, echoU64s: same, echoF32s: same,
  echoF64s: same, echoChars: same, echoStrings: same, echoPeople: same, echoShapes: same, echoColors: same, echoNested: same,
  echoResult(x) {
    if (x.tag === "err") throw "no: " + x.val;
    return BigInt(x.val);
  },
  many: (a, b, c, d, e, f, g, h, i) => [a, b, c, d, e, f, g, h, i.fullName, ...i.tags],
  fail(message) { throw message; },
  trap() { throw new Error("nobody catches this"); },
};

let living = 0;

class Counter {
  constructor(start) { this.value = start; living += 1; }
  [Symbol.dispose || Symbol.for("dispose")]() { living -= 1; }
  add(n) { this.value = (this.value + n) >>> 0; return this.value; }
  copy() { return new Counter(this.value); }
  static largest(among) { return among.reduce((most, counter) => Math.max(most, counter.value), 0); }
}

export const registry = {
  Counter,
  absorb(into, counter) { into.value += counter.value; living -= 1; return into.value; },
  make: (starts) => Array.from(starts, (start) => new Counter(start)),
  alive: () => living,
};

let kept;

export const callbacks = {
  askAll: (people) => people.map((person) => ask(person)),
  reflect: (x, y) => mirror(x, y),
  repeat(message, times) { for (let n = 0; n < times; n++) notify(`${message} ${n}`); },
  fill: (file, data) => file.write(data),
  drain(file) { return new Uint8Array([...file.read(5), ...file.read(100)]); },
  keep(file) { kept = file; },
  giveBack() { const file = kept; kept = undefined; return file; },
  duplicate: (source, target) => new File(target).write(File.find(source).read(1000)),
};
