"""Mutation testing: `make mutate MODULE=denoiser/metrics`, or several files and folders of `denoiser/`.

mutmut changes one number, comparison, operator, argument or word of a function at a time, and runs the tests that call
that function. A change that no test notices survives. The tests of a module are those of the same name: of
`denoiser/data/pairs.py` `tests/data/test_pairs.py`, of `denoiser/noise` all in `tests/noise`; `TESTS=` adds others.

Results are kept in `build/mutation/`: a second run tries the mutants of changed functions, and the survivors again.
`MUTANTS='denoiser.noise.camera.*[05]'` tries a part: the mutants whose names match, here every fifth.
mutmut changes neither what is run at import, as constants of modules are, nor functions with a decorator.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = os.environ.get("PROCESSES") or str(min(os.cpu_count() or 1, 4))
BAR = 0.9
"""Share of the mutants that must be killed."""
KILLED = {"killed", "timeout", "segfault"}
COPIED = ["conf", "tests", "pyproject.toml", "README.md", "CONTRIBUTING.md", "LICENSE", "Makefile"]


def main(modules: list[str]) -> int:
    """Score the modules. Returns the exit code: 1 below `BAR`, 2 where there is no such module or it has no tests."""
    modules = [module.rstrip("/") for module in modules]
    tests = {module: tests_of(Path(module)) for module in modules}
    absent = [module for module in modules if not (ROOT / module).exists() or tests[module] is None]
    if not modules or absent:
        print(
            f"error: no module of denoiser/ with tests: {', '.join(absent) or 'none given'} (MODULE)", file=sys.stderr
        )
        print("fix: make mutate MODULE=denoiser/metrics, or another file or folder", file=sys.stderr)
        return 2
    os.chdir(workplace("+".join(module.removeprefix("denoiser/").replace("/", ".") for module in modules)))
    write_configuration(modules, [*map(str, tests.values()), *os.environ.get("TESTS", "").split()])
    leave_wording_alone()
    os.environ["PYTEST_PLUGINS"] = "each_mutant"  # beside this file
    before, chosen = survivors(), os.environ.get("MUTANTS", "").split()
    mutmut("run", "--max-children", PROCESSES, *chosen)
    if again := before & survivors() if not chosen else ():
        mutmut("run", "--max-children", PROCESSES, *again)
    return report()


def tests_of(module: Path) -> Path | None:
    """The tests of a module, relative to the repository: of the same name, else those of its folder."""
    inside = Path("tests", *module.parts[1:])
    candidates = [inside] if module.suffix != ".py" else [inside.with_name(f"test_{module.name}"), inside.parent]
    return next((path for path in candidates if (ROOT / path).exists()), None)


def workplace(name: str) -> Path:
    """A folder with links to what mutmut copies."""
    folder = ROOT / "build" / "mutation" / name
    folder.mkdir(parents=True, exist_ok=True)
    for entry in ("denoiser", *COPIED):
        if not (folder / entry).is_symlink():
            (folder / entry).symlink_to(ROOT / entry)
    return folder


def write_configuration(modules: list[str], tests: list[str]) -> None:
    """Write the `setup.cfg` that mutmut reads."""
    mutated = [module if module.endswith(".py") else f"{module}/*" for module in modules]
    arguments = ["-p", "no:cacheprovider", "-p", "no:xdist", "--durations=0"]
    lists = {"only_mutate": mutated, "also_copy": COPIED, "pytest_add_cli_args_test_selection": tests}
    text = "".join(f"{key}=\n" + "".join(f"    {value}\n" for value in values) for key, values in lists.items())
    text += "pytest_add_cli_args=\n" + "".join(f"    {value}\n" for value in arguments)
    options = "source_paths=denoiser\ntimeout_constant=4\nuse_git_change_detection=false\nprocess_isolation=fork\n"
    Path("setup.cfg").write_text("[mutmut]\n" + options + text)


def leave_wording_alone() -> None:
    """Leave sentences as they are: how an error is worded is not behaviour; keys, names and types are."""
    from mutmut.mutation import mutators

    change = mutators.operator_string

    def change_but_sentences(node):
        return () if " " in getattr(node, "value", "") else change(node)

    mutators.mutation_operators[:] = [
        (kind, change_but_sentences if operator is change else operator)
        for kind, operator in mutators.mutation_operators
    ]


def mutmut(*words: str) -> None:
    """Run a command of mutmut, which reads `setup.cfg` when it is imported."""
    from mutmut.__main__ import cli

    cli.main(args=list(words), standalone_mode=False)


def results() -> dict[str, tuple[str, Path]]:
    """The status and the file of each mutant, by its name."""
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.stats import status_by_exit_code
    from mutmut.utils.file_utils import walk_mutatable_files

    found = {}
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        found |= {name: (status_by_exit_code[code], path) for name, code in data.exit_code_by_key.items()}
    return found


def survivors() -> set[str]:
    """The mutants that were tried and not killed."""
    return {name for name, (status, _) in results().items() if status not in {*KILLED, "not checked"}}


def report() -> int:
    """Print each survivor as a diff, and the score of each file and of all. Returns 1 below `BAR`, else 0."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    scores: dict[Path, list[bool]] = {}
    tried = {name: result for name, result in results().items() if result[0] != "not checked"}
    for name, (status, path) in tried.items():
        scores.setdefault(path, []).append(status in KILLED)
        if status not in KILLED:
            print(f"\n{status}: {name}\n{get_diff_for_mutant(name, path=path)}")
    for path, killed in scores.items():
        print(f"{path}: {sum(killed)} of {len(killed)} killed, {sum(killed) / len(killed):.1%}")
    every = [killed for share in scores.values() for killed in share]
    score = sum(every) / max(len(every), 1)
    print(f"total: {sum(every)} of {len(every)} killed, {score:.1%} (at least {BAR:.0%})")
    return 0 if score >= BAR else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
