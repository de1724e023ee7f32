// Runs modules of Binaryen's fuzzer in node: `binaryen.mjs LIST`, LIST a file of JSON as random_binaryen.py writes it. Prints a line of JSON a module: what it logged and returned.
import { createHash } from "node:crypto";
import fs from "node:fs";

const DEPTH = 3; // calls of exports inside one another

function number(value) {
  if (Number.isNaN(value)) return "nan";
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

// A number of 32 bits or a float as the bits of a double, a larger one in decimal, and of references whether there is one.
function shown(value) {
  if (typeof value === "bigint") return BigInt.asIntN(32, value) === value ? number(Number(value)) : String(value);
  if (typeof value === "number") return number(value);
  return value === null ? "null" : "ref";
}

const results = (value, count) => (count === 0 ? [] : count === 1 ? [value] : value).map(shown).join(" ");
const exhausted = (error) => error instanceof RangeError && !/out of bounds|too large/.test(error.message);

function imports(module, callable, log, exports) {
  let depth = 0;
  const call = (index) => {
    const name = callable[index >>> 0];
    if (!name || depth === DEPTH || !exports()) return;
    depth++;
    try {
      exports()[name]();
    } finally {
      depth--;
    }
  };
  const caught = (index) => {
    try {
      call(index);
      return 0;
    } catch (error) {
      if (exhausted(error)) log("limit");
      return 1;
    }
  };
  const tag = new WebAssembly.Tag({ parameters: ["i32"] });
  const known = {
    wasmtag: tag, jstag: new WebAssembly.Tag({ parameters: ["externref"] }), throw: (value) => { throw new WebAssembly.Exception(tag, [value]); },
    "call-export": call, "call-export-catch": caught, "call-ref": () => {}, "call-ref-catch": () => 0, "table-get": () => null, "table-set": () => {},
    sleep: (_, value) => value, "hash-memory": () => 0,
  };
  const made = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const logged = (...values) => log(`${name} ${values.map(shown).join(" ")}`);
    (made[from] ??= {})[name] = known[name] ?? (kind === "tag" ? new WebAssembly.Tag({ parameters: [] }) : kind === "global" ? name : logged);
  }
  return made;
}

function run({ wasm, calls, callable }) {
  const lines = [];
  const module = new WebAssembly.Module(fs.readFileSync(wasm));
  let exports;
  try {
    exports = new WebAssembly.Instance(module, imports(module, callable, (line) => lines.push(line), () => exports)).exports;
  } catch (error) {
    if (error instanceof WebAssembly.LinkError || error instanceof TypeError) throw error;
    return [...lines, "not instantiated"];
  }
  for (const { name, values, count } of calls) {
    try {
      lines.push(`${name}: ${results(exports[name](...values.map((v) => (typeof v === "string" ? BigInt(v) : v))), count)}`);
    } catch (error) {
      if (exhausted(error)) return [...lines, "limit"];
      if (!(error instanceof WebAssembly.Exception) && !(error instanceof WebAssembly.RuntimeError) && !(error instanceof RangeError)) throw error;
      lines.push(`${name} ${error instanceof WebAssembly.Exception ? "threw" : "trapped"}`);
    }
  }
  for (const [name, each] of Object.entries(exports)) {
    if (each instanceof WebAssembly.Memory) lines.push(`${name}: ${createHash("sha256").update(new Uint8Array(each.buffer)).digest("hex")}`);
  }
  return lines;
}

for (const each of JSON.parse(fs.readFileSync(process.argv[2]))) console.log(JSON.stringify(run(each)));
