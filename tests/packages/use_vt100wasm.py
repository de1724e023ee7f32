"""vt100wasm: a terminal's screen, with snapshots."""

from vt100wasm import Screen

with Screen(24, 80, 100) as screen:
    screen.process(b"hello \x1b[31mred\x1b[0m\r\n\x1b[2;5Hmoved\x1b[1mbold")
    print(repr(screen.contents()), screen.contents_formatted(), screen.cells()[:200])
    for line in range(2000):
        screen.process(b"line %d \x1b[%dmcolour\x1b[0m\r\n" % (line, 31 + line % 7))
    print(repr(screen.contents()))
    screen.set_scrollback(5)
    screen.resize(10, 40)
    copy = Screen.restore(screen.snapshot())
    print(repr(copy.contents()), copy.cells_diff()[:100], copy.scrollback())
    copy.close()
