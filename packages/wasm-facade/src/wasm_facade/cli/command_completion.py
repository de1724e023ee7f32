"""`wasm completion`: a script by which a shell completes this command, made of the tables that its command lines are read by."""

from __future__ import annotations

from wasm_facade.cli import COMMANDS, GROUPS, OK, USAGE, fail
from wasm_facade.cli.options import Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_facade.cli.options import Parsed

COMMAND = Command("completion", "bash|zsh|fish", "Print a script that completes the command in a shell: source <(wasm completion bash)")
HELP: Final = Option("-h --help", "", "show this")
# Operands that are words: by command. All others are files.
WORDS: Final = {"cache": ("info", "clear"), "completion": ("bash", "zsh", "fish")}
# Values that are words: by an option's last flag. FILE and the like are files, all else is the user's to know.
VALUES: Final = {"--strategy": ("auto", "native", "llvm"), "--profile": ("perfmap", "jitdump")}
FILES: Final = ("FILE", "DIR", "PATH", "HOST[::GUEST]", "OUT")

Rows = list[tuple[str, str, tuple[Option, ...]]]  # command's words, summary, options


def run(options: Parsed) -> int:
    """Print the script for one shell."""
    shell = options.operands[0]
    if shell not in SHELLS:
        fail("completion", f"unknown shell {shell!r}: {', '.join(SHELLS)}")
        return USAGE
    print(SHELLS[shell](rows()), end="")
    return OK


def rows() -> Rows:
    """Every command with its options, `run` as well as `component wit`."""
    found: Rows = []
    for name, summary in COMMANDS:
        found.append((name, summary, () if name in GROUPS else _options(name)))
        found += [(f"{name} {inner}", told, _options(f"{name}_{inner}")) for inner, told in GROUPS.get(name, ())]
    return found


def _options(name: str) -> tuple[Option, ...]:
    module = __import__(f"wasm_facade.cli.command_{name}", fromlist=["COMMAND"])
    options: tuple[Option, ...] = module.COMMAND.options
    return (*options, HELP)


def _inner(command: str) -> list[tuple[str, str]]:
    """What may follow a command as its first operand: (word, what it does); empty: files."""
    if command in GROUPS:
        return list(GROUPS[command])
    return [(word, "") for word in WORDS.get(command, ())]


def _values(option: Option) -> str:
    """Words separated by blanks; "@" for files, "" for what cannot be known."""
    if option.flags[-1] in VALUES:
        return " ".join(VALUES[option.flags[-1]])
    return "@" if option.metavar.rpartition("=")[2] in FILES else ""


def bash(found: Rows) -> str:
    """Functions of bash 4 and newer; nothing of the package bash-completion."""
    options = [f'        "{name}") echo "{" ".join(flag for o in own for flag in o.flags)}" ;;' for name, _, own in found if own]
    operands = [f'        "{name}") echo "{" ".join(word for word, _ in _inner(name))}" ;;' for name, _, _ in found if _inner(name)]
    valued = [
        f'        "{name} {flag}") echo "{_values(option) or "-"}" ;;' for name, _, own in found for option in own if option.metavar for flag in option.flags
    ]  # fmt: skip
    commands = " ".join(name for name, _ in COMMANDS)
    return BASH.format(options="\n".join(options), operands="\n".join(operands), values="\n".join(valued), commands=commands, groups="|".join(GROUPS))


BASH: Final = """\
# Completion of `wasm` for bash: source <(wasm completion bash)
_wasm_options() {{
    case "$1" in
{options}
    esac
}}
_wasm_operands() {{
    case "$1" in
{operands}
    esac
}}
_wasm_values() {{
    case "$1" in
{values}
    esac
}}
_wasm() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command="${{COMP_WORDS[1]}}" at=2 found
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "{commands} --help --version" -- "$word"))
        return
    fi
    case "$command" in
        {groups})
            if ((COMP_CWORD > 2)); then command="$command ${{COMP_WORDS[2]}}"; at=3; fi ;;
    esac
    if [[ "$before" == "=" ]]; then before="${{COMP_WORDS[COMP_CWORD-2]}}"; fi
    if [[ "$word" == "=" ]]; then before="${{COMP_WORDS[COMP_CWORD-1]}}"; word=""; fi
    found="$(_wasm_values "$command $before")"
    if [[ "$found" == "@" ]]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$word"))
    elif [[ "$found" == "-" ]]; then
        :
    elif [[ -n "$found" ]]; then
        COMPREPLY=($(compgen -W "$found" -- "$word"))
    elif [[ "$word" == -* ]]; then
        COMPREPLY=($(compgen -W "$(_wasm_options "$command")" -- "$word"))
    else
        found="$(_wasm_operands "$command")"
        if [[ -n "$found" ]]; then
            if ((COMP_CWORD == at)); then COMPREPLY=($(compgen -W "$found" -- "$word")); fi
        else
            compopt -o filenames 2>/dev/null
            COMPREPLY=($(compgen -f -- "$word"))
        fi
    fi
}}
complete -F _wasm wasm
"""


def _zsh_quoted(text: str) -> str:
    return text.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def zsh(found: Rows) -> str:
    """A function for zsh's own system of completion."""
    cases = []
    for name, _, own in found:
        specs = []
        for option in own:
            values = _values(option)
            action = "" if not option.metavar else f":{_zsh_quoted(option.metavar)}:" + ("_files" if values == "@" else f"({values})" if values else " ")
            specs += [f"'{'*' if option.many else ''}{flag}[{_zsh_quoted(option.help)}]{action}'" for flag in option.flags]
        inner = _inner(name)
        specs.append(f"'1:what:({' '.join(word for word, _ in inner)})'" if inner else "'*:file:_files'")
        cases.append(f'        "{name}") _arguments -S {" ".join(specs)} ;;')
    commands = " ".join(f"'{name}:{_zsh_quoted(summary)}'" for name, summary in COMMANDS)
    return ZSH.format(cases="\n".join(cases), commands=commands, groups="|".join(GROUPS))


ZSH: Final = """\
#compdef wasm
# Completion of `wasm` for zsh: source <(wasm completion zsh), or a file _wasm in a folder of $fpath
_wasm() {{
    if ((CURRENT == 2)); then
        local commands=({commands})
        _describe command commands
        return
    fi
    local command="$words[2]"
    shift words
    ((CURRENT--))
    case "$command" in
        {groups})
            if ((CURRENT > 2)); then
                command="$command $words[2]"
                shift words
                ((CURRENT--))
            fi ;;
    esac
    case "$command" in
{cases}
    esac
}}
if ((! $+functions[compdef])); then autoload -Uz compinit && compinit; fi
compdef _wasm wasm
"""


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish(found: Rows) -> str:
    """A line an option."""
    lines = ["# Completion of `wasm` for fish: wasm completion fish | source", "complete -c wasm -n __fish_use_subcommand -f"]
    for name, summary, own in found:
        outer, _, inner = name.partition(" ")
        when = f"__fish_seen_subcommand_from {outer}"
        if inner:
            first = _fish_quoted(f"{when}; and not __fish_seen_subcommand_from {_words(outer)}")
            lines.append(f"complete -c wasm -n {first} -f -a {inner} -d {_fish_quoted(summary)}")
            when += f"; and __fish_seen_subcommand_from {inner}"
        else:
            lines.append(f"complete -c wasm -n __fish_use_subcommand -a {name} -d {_fish_quoted(summary)}")
        if WORDS.get(name):
            lines.append(f"complete -c wasm -n {_fish_quoted(when)} -f -a {_fish_quoted(' '.join(WORDS[name]))}")
        lines += [_fish_line(when, option) for option in own]
    return "\n".join(lines) + "\n"


def _words(group: str) -> str:
    return " ".join(word for word, _ in GROUPS[group])


def _fish_line(when: str, option: Option) -> str:
    flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
    values = _values(option)
    value = "" if not option.metavar else " -r -F" if values == "@" else f" -x -a {_fish_quoted(values)}" if values else " -x"
    return f"complete -c wasm -n {_fish_quoted(when)} {flags}{value} -d {_fish_quoted(option.help)}"


SHELLS: Final = {"bash": bash, "zsh": zsh, "fish": fish}
