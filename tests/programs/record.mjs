// Runs a scenario of a package in node and records what passes between JavaScript and wasm: `record.mjs SCENARIO FOLDER OUTPUT`.
//
// A line of OUTPUT is an event, in the order of time: [what, ...]
//   write  address, bytes (base64)   what JavaScript has changed in the memory since wasm ran
//   grow   pages                     ... and by how much it has grown it
//   call   export, arguments         into wasm
//   import module.name, arguments    out of wasm
//   result value                     the end of the last call or import that has not ended
//   threw                            ... when that was an exception of JavaScript
//   memory pages, sha256             what the memory holds, after a part of the scenario
// Numbers that JSON has not (NaN, infinities, -0, 64 bits) are strings.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const PAGE = 65536;
const [scenario, folder, output] = process.argv.slice(2);
const events = [];
let memory;
let shadow = Buffer.alloc(0);

const value = (v) => (typeof v === "bigint" || Object.is(v, -0) || (typeof v === "number" && !Number.isFinite(v)) ? (Object.is(v, -0) ? "-0" : String(v)) : (v ?? null));
const log = (...event) => events.push(JSON.stringify(event));
const page = (buffer, at) => buffer.subarray(at, at + PAGE);

// Every page that differs between the memory and what is remembered of it; remembers it.
function changed(each) {
  const now = Buffer.from(memory.buffer);
  if (now.length > shadow.length) shadow = Buffer.concat([shadow, Buffer.alloc(now.length - shadow.length)]);
  for (let at = 0; at < now.length; at += PAGE) {
    if (page(now, at).equals(page(shadow, at))) continue;
    each(page(now, at), page(shadow, at), at);
    page(now, at).copy(page(shadow, at));
  }
}

const leave = () => memory && changed(() => {});

function enter() {
  if (!memory) return;
  const grown = (memory.buffer.byteLength - shadow.length) / PAGE;
  if (grown > 0) log("grow", grown);
  changed((now, before, at) => {
    let low = 0;
    let high = PAGE;
    while (now[low] === before[low]) low++;
    while (now[high - 1] === before[high - 1]) high--;
    log("write", at + low, now.subarray(low, high).toString("base64"));
  });
}

function crossing(what, name, f, before, after) {
  return (...args) => {
    before();
    log(what, name, args.map(value));
    try {
      const result = f(...args);
      after();
      log("result", value(result));
      return result;
    } catch (error) {
      after();
      log("threw");
      throw error;
    }
  };
}

const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (bytes, imports) => {
  const names = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  const wrapped = {};
  for (const { module, name, kind } of names) {
    const given = imports[module][name];
    (wrapped[module] ??= {})[name] = kind === "function" ? crossing("import", `${module}.${name}`, given, leave, enter) : given;
  }
  const source = await instantiate(bytes, wrapped);
  const exports = {};
  for (const [name, given] of Object.entries(source.instance.exports)) {
    exports[name] = typeof given === "function" ? crossing("call", name, given, enter, leave) : given;
    if (given instanceof WebAssembly.Memory) memory = given;
  }
  leave();
  return { module: source.module, instance: { exports } };
};

// A part of the scenario has ended.
function mark() {
  leave();
  log("memory", shadow.length / PAGE, createHash("sha256").update(shadow).digest("hex"));
}

const { run } = await import(pathToFileURL(path.resolve(scenario)));
console.log(await run(folder, mark));
fs.writeFileSync(output, events.join("\n") + "\n");
