"""What CONTRIBUTING.md says of the order of rooms, as a check of a package's imports."""

import ast
import graphlib
import re

STONES = ("__init__", "allowed", "build", "config", "errors", "search_path", "trust")
"""Files at the root that are no commands."""


def levels(drawing):
    """The level of each room in the fenced block `rooms` of a text: 0 is the top.

    A line is a level with its rooms, and `#` begins a comment. A dotted name is one file of a room.
    """
    (block,) = re.findall(r"^```rooms\n(.*?)^```", drawing, re.DOTALL | re.MULTILINE)
    lines = [line.partition("#")[0].split() for line in block.splitlines()]
    return {room: level for level, rooms in enumerate(filter(None, lines)) for room in rooms}


def violations(package, drawing, commands):
    """Sentences about everything in which a package is not as it is drawn; none is good.

    Args:
        package: the folder of the package.
        drawing: the text with the block `rooms`.
        commands: the names of the commands.
    """
    order, files = levels(drawing), modules(package)
    imports = {name: set(imported(name, path, files)) for name, path in files.items()}
    rooms = {name: room(name, order) for name in files}
    return [
        *strangers(package, files, rooms, order, commands),
        *upward(imports, rooms, order),
        *circle("files", imports),
        *circle("folders", merged(imports, {name: folder(name, path, order) for name, path in files.items()})),
    ]


def modules(package):
    """The path of each module by its dotted name; a package has the name of its folder."""
    paths = {}
    for path in sorted(package.rglob("*.py")):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        paths[name.removesuffix(".__init__")] = path
    return paths


def imported(name, path, files):
    """The modules that a module imports, also inside of functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
            start = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, (start, node.module)))
            names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in files else base for alias in node.names]
        else:
            continue
        yield from (other for other in names if other in files and other != name)


def room(name, order):
    """The room of a module: the name below the root, or the dotted name where the drawing has the file itself."""
    below = name.partition(".")[2]
    return below if below in order else below.partition(".")[0]


def folder(name, path, order):
    """The folder of a module; files at the root and files that the drawing names stand for themselves."""
    below = name.partition(".")[2]
    if below in order and path.stem != "__init__":
        return name
    return name if path.stem == "__init__" else name.rpartition(".")[0]


def strangers(package, files, rooms, order, commands):
    """Files at the root that are neither commands nor stones, and rooms that the drawing lacks or has in vain."""
    root = {path.stem for path in package.glob("*.py")}
    yield from (f"{stem}.py at the root is no command" for stem in sorted(root - {*STONES, *commands}))
    existing = {name for name in rooms.values() if name}
    yield from (f"the drawing lacks {name}" for name in sorted(existing - {*order}))
    yield from (f"{name} is drawn and does not exist" for name in sorted({*order} - existing))


def upward(imports, rooms, order):
    """Imports between rooms that do not run downwards; the package's own `__init__` is above all."""
    for name, others in imports.items():
        for other in sorted(others):
            here, there = (order.get(rooms[module], -1) for module in (name, other))
            if rooms[name] != rooms[other] and there <= here:
                yield f"{name} imports {other}, which is not below it"


def circle(kind, graph):
    """One circle of a graph of imports, if there is any."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        yield f"circle of {kind}: {' -> '.join(reversed(error.args[1]))}"


def merged(imports, nodes):
    """The graph of imports between nodes, each of which holds several modules."""
    graph = {}
    for name, others in imports.items():
        graph.setdefault(nodes[name], set()).update(nodes[other] for other in others if nodes[other] != nodes[name])
    return graph
