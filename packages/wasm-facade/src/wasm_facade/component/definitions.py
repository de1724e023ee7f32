"""What a linker has by name: functions, resource types, core modules, instances; and Python classes and objects, asked when a component wants them."""

from __future__ import annotations

from keyword import iskeyword

from wasm_environ.component.versions import compatible
from wasm_environ.errors import ArgumentError
from wasm_vm import Err, HostCall, ResourceType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    class Provider(Protocol):
        """What an instance in a linker has that is not defined by name."""

        def fixed(self) -> bool:
            """Whether it is the same each time it is asked."""
            ...

        def resource(self, name: str) -> HostResource | ResourceType | None:
            """What the resource type of that name is."""
            ...

        def function(self, name: str, may_err: Callable[[], bool]) -> Callable[..., Any] | None:
            """The host function of that name."""
            ...

        def lacks(self, name: str) -> str:
            """Why there is no such function, for messages; "": there is nothing to say."""
            ...

    Errors = Mapping[type[Any], Callable[[Any], Any]]  # exception classes; a mapping is exact about the types of its keys

METHOD = "[method]"
STATIC = "[static]"
CONSTRUCTOR = "[constructor]"


def python_name(label: str) -> str:
    """A label as a name in Python: `blocking-read` is `blocking_read`, and `from` is `from_`."""
    name = label.replace("-", "_")
    return f"{name}_" if iskeyword(name) else name


def class_name(label: str) -> str:
    """A resource's label as the name of a class: `input-stream` is `InputStream`."""
    return "".join([word[:1].upper() + word[1:] for word in label.split("-")])


def member_of(name: str) -> tuple[str, str, str]:
    """`[method]blob.read` as kind, resource and function; ("", "", name) of a function that belongs to no resource."""
    for kind in (METHOD, STATIC, CONSTRUCTOR):
        if name.startswith(kind):
            resource, _, function = name.removeprefix(kind).partition(".")
            return kind, resource, function
    return "", "", name


class Host:
    """How Python's functions are called: with the store first or without, and which exceptions are errs of functions whose result is a `result`."""

    __slots__ = ("errors", "pass_store")

    def __init__(self, pass_store: bool, errors: Errors | None) -> None:
        if not isinstance(pass_store, bool):
            raise TypeError(f"pass_store: expected a bool, not {type(pass_store).__name__}")
        self.pass_store = pass_store
        self.errors = checked_errors(errors)

    def call(self, target: Callable[..., Any] | str, may_err: Callable[[], bool]) -> Callable[..., Any]:
        """A host function of something callable, or of the method of that name."""
        made = HostCall(target, isinstance(target, str), self.pass_store)
        return _translating(made, self.errors) if self.errors and may_err() else made


def checked_errors(errors: Errors | None) -> dict[type[Any], Callable[[Any], Any]] | None:
    """Exception classes with what gives an err's payload. Raises TypeError for anything else."""
    found = None if errors is None else dict(errors)
    for kind, payload in (found or {}).items():
        if not isinstance(kind, type) or not issubclass(kind, BaseException):
            raise TypeError(f"errors: expected exception classes, not {kind!r}")
        if not callable(payload):
            raise TypeError(f"errors[{kind.__name__}]: expected something callable, not {type(payload).__name__}")
    return found or None


def _translating(function: Callable[..., Any], errors: Errors) -> Callable[..., Any]:
    """The same function, that raises the errs which these exceptions stand for."""
    kinds = tuple(errors)

    def translated(*args: Any) -> Any:
        try:
            return function(*args)
        except kinds as error:
            payload = next(payload for kind, payload in errors.items() if isinstance(error, kind))
            raise Err(payload(error)) from error

    return translated


class HostFunction:
    """A function by name with exceptions that are errs."""

    __slots__ = ("call", "errors")

    def __init__(self, call: Callable[..., Any], errors: Errors) -> None:
        self.call = call
        self.errors = errors


class TypedFunction:
    """A function by name that is made for the type by which a component imports it: `make(component, type)`, a type of the component's table."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[Any, int], Callable[..., Any]]) -> None:
        self.make = make


class HostResource:
    """A resource type whose resources are objects of a Python class."""

    __slots__ = ("cls", "host", "type")

    def __init__(self, name: str, cls: type, drop: Callable[..., object] | None, host: Host) -> None:
        if not isinstance(name, str):
            raise ArgumentError(f"name: expected a str, not {type(name).__name__}")
        if not isinstance(cls, type):
            raise ArgumentError(f"cls: expected a class, not {type(cls).__name__}")
        if drop is not None and not callable(drop):
            raise TypeError(f"drop: expected something callable, not {type(drop).__name__}")
        self.cls = cls
        self.host = host
        if drop is not None:
            destructor: Any = HostCall(drop, False, host.pass_store)
        else:
            destructor = _leave if hasattr(cls, "__exit__") else None
        self.type = ResourceType(name, destructor, cls)

    def find(self, kind: str, function: str, may_err: Callable[[], bool]) -> Callable[..., Any] | None:
        """The host function for one of its functions; None: the class has none."""
        if kind == CONSTRUCTOR:
            return self.host.call(self.cls, may_err)
        name = python_name(function)
        found = getattr(self.cls, name, None)
        if not callable(found):
            return None
        return self.host.call(name if kind == METHOD else found, may_err)


def _leave(store: object, object: Any) -> None:
    object.__exit__(None, None, None)


class HostObject:
    """An object whose attributes are functions, and classes for resources."""

    __slots__ = ("host", "object")

    def __init__(self, object: Any, host: Host) -> None:
        self.object = object
        self.host = host

    def fixed(self) -> bool:
        """Attributes may change."""
        return False

    def resource(self, name: str) -> HostResource | None:
        """Of the class that is the resource's name in Python."""
        cls = getattr(self.object, class_name(name), None)
        return HostResource(name, cls, None, self.host) if isinstance(cls, type) else None

    def function(self, name: str, may_err: Callable[[], bool]) -> Callable[..., Any] | None:
        """One that belongs to no resource."""
        found = None if name.startswith("[") else getattr(self.object, python_name(name), None)
        return self.host.call(found, may_err) if callable(found) else None

    def lacks(self, name: str) -> str:
        """What is missing, for messages."""
        kind, resource, _ = member_of(name)
        missing = class_name(resource) if kind else python_name(name)
        return f"{self.object!r:.100} has no {'class' if kind else 'function'} {missing!r}"


class Definitions(dict[str, "Any"]):
    """Items by name: callables, ResourceTypes, HostResources, Modules, and Definitions for instances; and an object that has those that are not named."""

    __slots__ = ("object",)

    def __init__(self) -> None:
        super().__init__()
        self.object: Provider | None = None

    def fixed(self) -> bool:
        """Whether what it has is the same each time it is asked: no Python class or object, whose attributes may change."""
        if self.object is not None and not self.object.fixed():
            return False
        return all(item.fixed() if isinstance(item, Definitions) else not isinstance(item, HostResource) for item in self.values())

    def resource(self, name: str) -> Any:
        """What the resource type of that name is; None: it is not defined."""
        found = compatible(self, name)
        if found is None and self.object is not None:
            made = self.object.resource(name)
            found = made and self.setdefault(name, made)  # one for all components
        return found

    def function(self, name: str, may_err: Callable[[], bool]) -> Any:
        """The host function of that name; None: it is not defined. `may_err`: whether its result is a `result`."""
        found = compatible(self, name)
        if found is not None:
            if isinstance(found, HostFunction):
                return _translating(found.call, found.errors) if may_err() else found.call
            return found
        kind, resource, function = member_of(name)
        owner = self.resource(resource) if kind else None
        if isinstance(owner, HostResource):
            return owner.find(kind, function, may_err)
        return None if self.object is None else self.object.function(name, may_err)

    def lacks(self, name: str) -> str:
        """Why a function is not defined, for messages: what Python's class or object has not; "" where there is none."""
        kind, resource, function = member_of(name)
        owner = self.resource(resource) if kind else None
        if isinstance(owner, HostResource):
            return f"class {owner.cls.__qualname__} has no {'method' if kind == METHOD else 'function'} {python_name(function)!r}"
        return "" if self.object is None else self.object.lacks(name)
