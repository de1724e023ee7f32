# objects: classes, closures, generators, containers, big integers and exceptions, by a compiler from Python to wasm with garbage collection.


class Shape:
    def __init__(self, name):
        self.name = name

    def area(self):
        raise NotImplementedError(self.name)

    def __str__(self):
        return self.name + ":" + str(self.area())


class Square(Shape):
    def __init__(self, side):
        super().__init__("square")
        self.side = side

    def area(self):
        return self.side * self.side


class Rectangle(Square):
    def __init__(self, side, other):
        super().__init__(side)
        self.name = "rectangle"
        self.other = other

    def area(self):
        return self.side * self.other


class Tree:
    def __init__(self, key):
        self.key = key
        self.left = None
        self.right = None

    def grow(self, key):
        if key < self.key:
            if self.left is None:
                self.left = Tree(key)
            else:
                self.left.grow(key)
        elif self.right is None:
            self.right = Tree(key)
        else:
            self.right.grow(key)

    def total(self):
        found = self.key
        if self.left is not None:
            found += self.left.total()
        if self.right is not None:
            found += self.right.total()
        return found


class Failure(Exception):
    pass


def fibonacci(count):
    a, b = 0, 1
    for _ in range(count):
        yield a
        a, b = b, a + b


def counter():
    count = 0

    def step(by):
        nonlocal count
        count += by
        return count

    return step


def guarded(value, seen):
    try:
        if value % 4 == 0:
            raise Failure("four")
        if value % 4 == 1:
            return [1, 2][value]
        if value % 4 == 2:
            return {"a": 1}["b"]
        return value
    except Failure as failure:
        return str(failure)
    except KeyError:
        return "key"
    finally:
        seen.append(value)


seen = []
for shape in [Square(4), Rectangle(2, 5)]:
    print(str(shape), isinstance(shape, Square), isinstance(shape, Rectangle))
try:
    Shape("none").area()
except NotImplementedError as error:
    print("not implemented:", error)
print([x for x in fibonacci(30)])
step = counter()
print([step(k) for k in range(6)])
for k in range(4):
    try:
        print(k, guarded(k + 4, seen))
    except IndexError:
        print(k, "index")
print(seen)
words = {}
for word in ["to", "be", "or", "not", "to", "be", "that", "is", "the", "question"]:
    words[word] = words.get(word, 0) + 1
print(words, sorted(words.keys()), len(words))
root = Tree(500)
seed = 17
for _ in range(3000):
    seed = (seed * 1103515 + 12345) % 2147483647
    root.grow(seed % 1000)
print(root.total())
print(2**20, 3**39, (1 << 29) // 12345, 123456789 * 987654321)
print(sorted([5, 3, 9, -1]), max([4, 8, 2]), sum(range(101)), [k * k for k in range(12) if k % 3 == 0])
print(["a", "b", "c"], "Mixed".upper(), "x,y".replace(",", ";"), "abc"[::-1], "needle" in "a needle here")
a, *rest = [1, 2, 3, 4]
print(a, rest, len({1, 2, 3}), (1, "two", None, True))
total = 0
for k in range(60000):
    pair = [k, (k, str(k))]
    if len(pair[1][1]) == 5:
        total += pair[0] % 7
print(total)
chain = None
for k in range(20000):
    chain = (k, chain)
length = 0
while chain is not None:
    length += 1
    chain = chain[1]
print(length)
