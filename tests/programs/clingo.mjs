// What record.mjs does with clingo, whose C++ throws: solves programs, one with Lua, and gives it some that are wrong. (What Lua throws ends in a trap: so
// it was built.)
import path from "node:path";
import { pathToFileURL } from "node:url";

const QUEENS = `#const n = 6. {q(I,J) : J = 1..n} = 1 :- I = 1..n. :- q(I,J), q(K,J), I < K. :- q(I,J), q(K,L), I < K, |I-K| = |J-L|. #show q/2.`;
const LUA = "#script(lua) function f(n) local s = 0 for k = 1, 100 do s = s + k * n.number end return s end #end. p(@f(3)).";
const PROGRAMS = [
  ["queens", QUEENS, "0"],
  ["optimal", "{take(1..8)}. :- #sum{X : take(X)} > 17. #maximize{X*X,X : take(X)}.", "0"],
  ["no model", "a :- not a.", "0"],
  ["syntax", "a :- b, . c. d(", "1"],
  ["unsafe", "p(X) :- not q(X).", "1"],
  ["divided by zero", "p(1/0). q(2**-1, a+1).", "1"],
  ["option", "a.", "--nothing=7"],
  ["option's value", "a.", "--restarts=maybe"],
  ["lua", LUA, "0"],
  ["file missing", '#include "nowhere.lp".', "1"],
  ["after all that", QUEENS, "0"],
];

export async function run(folder, mark) {
  const { default: factory } = await import(pathToFileURL(path.resolve(folder, "dist", "clingo.js")));
  const said = [];
  const clingo = await factory({ print: (line) => said.push(line), printErr: (line) => said.push(line) });
  for (const [what, program, options] of PROGRAMS) {
    const status = clingo.ccall("run", "number", ["string", "string"], [program, options]);
    said.push(`${what}: status ${status}`);
    mark();
  }
  return said.join("\n");
}
