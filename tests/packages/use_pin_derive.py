"""pin-derive: a constraint solver without WASI, by handles."""

import pin_derive as p

print(p.ABI_VERSION, p.memory_pages() >= 1)
with p.Network() as net:
    price, margin, profit = (net.cell(name, {"lo": 0}) for name in ("price", "margin", "profit"))
    model = net.finite("model", ["krea2", "flux"])
    sampler = net.finite("sampler", ["euler", "dpmpp_2m", "res_multistep"])
    loot = net.set("loot", ["potion", "gem", "rope", "torch"])
    net.relate(p.product(profit, price, margin))
    net.relate(p.permits(model, sampler, {"krea2": ["euler", "res_multistep"], "flux": ["euler", "dpmpp_2m"]}))
    print([name for name in dir(net) if name[0] != "_"][:5])
    for _ in range(200):
        print(net.solve()) if _ == 199 else net.solve()
try:
    with p.Network() as net:
        net.relate(p.product("a", "b", "c"))
        print(net.solve())
except Exception as error:
    print(type(error).__name__, str(error)[:200])
