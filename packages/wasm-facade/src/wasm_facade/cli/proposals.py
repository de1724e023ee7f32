"""`--wasm FEATURE[=y|n]`: which proposals are on, by the names of `wasm_environ.features` and in wasmtime's spellings, as every subcommand takes it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.config import Config

YES, NO = ("", "y", "yes", "true"), ("n", "no", "false")
ALL = "all_proposals"


def switches(text: str) -> list[tuple[str, bool]]:
    """(feature, on) of `gc`, `gc=n`, `wide-arithmetic,gc=n`; wasmtime writes - for _. ValueError for what is no feature."""
    from wasm_environ.features import ROWS

    known = [ALL, *(row[0] for row in ROWS if row[0] != "mvp")]
    found = []
    for word in text.split(","):
        name, equals, value = word.partition("=")
        feature = name.replace("-", "_")
        if feature not in known:
            raise ValueError(f"unknown feature {name!r}; known: {', '.join(known)}")
        if value not in (*YES, *NO) or (equals and not value):
            raise ValueError(f"{value!r} is neither y nor n")
        found.append((feature, value in YES))
    return found


def enable(text: str) -> list[tuple[str, bool]]:
    """The same of `--enable FEATURE`."""
    return switches(f"{text}=y")


def disable(text: str) -> list[tuple[str, bool]]:
    """The same of `--disable FEATURE`."""
    return switches(f"{text}=n")


def apply(config: Config, given: list[list[tuple[str, bool]]]) -> None:
    """Set them in `config`. What is said of one proposal, on or off, counts more than what all-proposals says of it; later words more than earlier ones."""
    if not given:
        return
    from wasm_environ.features import ROWS

    named: dict[str, bool] = {}
    for words in given:
        named.update(words)
    everything = named.pop(ALL, None)
    if everything is not None:
        off = {feature for feature, on in named.items() if not on}
        for feature, _, _, needs in ROWS:
            if feature not in named and feature != "mvp":
                named[feature] = everything and needs not in off
                if not named[feature]:
                    off.add(feature)
    for feature, on in named.items():
        setattr(config, f"wasm_{feature}", on)
