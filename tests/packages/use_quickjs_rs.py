"""quickjs-rs: JavaScript with host functions, promises, modules, errors, limits and snapshots."""

import asyncio

from quickjs_rs import Runtime


async def main() -> None:
    with Runtime() as runtime, runtime.new_context() as context:

        @context.function
        async def fetch_thing(name: str) -> str:
            await asyncio.sleep(0)
            return f"from python, {name}"

        print(await context.eval_async("await fetch_thing('js')"))


with Runtime() as runtime, runtime.new_context() as context:

    @context.function
    def greet(name: str) -> str:
        return f"hi {name}"

    @context.function
    def broken() -> None:
        raise ValueError("from the host")

    print(context.eval("1 + 2"), context.eval("greet('world')"), context.eval("({a: [1, 2.5, 'x', null, true], b: {c: 1n << 70n}})"))
    print(context.eval("let s = 0; for (let i = 0; i < 300000; i++) s = (s * 31 + i) % 1000003; s"))
    for source in ("throw new TypeError('no')", "broken()", "syntax error here", "null.x"):
        try:
            print(context.eval(source))
        except Exception as error:
            print(type(error).__name__, str(error)[:200])
    print(sum(context.eval(f"{number} * 2") for number in range(200)))
asyncio.run(main())
