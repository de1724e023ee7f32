import wit_world
from wit_world import Word


class WitWorld(wit_world.WitWorld):
    def count(self, text: str) -> list[Word]:
        counts: dict[str, int] = {}
        for word in text.split():
            if not wit_world.skip(word):
                counts[word] = counts.get(word, 0) + 1
        return [Word(word, number) for word, number in counts.items()]
