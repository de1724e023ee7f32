// Runs in node what java.py runs, with TeaVM's own JavaScript: `java.mjs WASM`, beside which that is WASM-runtime.js.
import { createRequire } from "node:module";

const wasm = process.argv[2];
createRequire(import.meta.url)(`${wasm}-runtime.js`);
(await globalThis.TeaVM.wasmGC.load(wasm)).exports.main([]);
