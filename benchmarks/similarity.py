"""Do planted copies rank above honest work? For each exercise, the course's alternatives are the honest class.

To each of them a copy is made: names changed, definitions in another order, other comments and another layout. Printed are
the least likeness of a copy, the greatest of two honest files, and how many files are long enough to judge.

python benchmarks/similarity.py [EXERCISE]...
"""

import argparse
import ast
import random
import sys

from grader.course import Exercise, find_course
from grader.similarity.compare import ENOUGH, compare


def disguised(source: str, seed: int = 0) -> str:
    """A copy of a source that does the same and looks otherwise."""
    tree = ast.parse(source)
    stored = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    names = {name: f"thing_{number}" for number, name in enumerate(dict.fromkeys(stored))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            is_told = ast.get_docstring(node) is not None
            node.body = [ast.Expr(ast.Constant("All my own work.")), *node.body[is_told:]]
    last = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    definitions = list(last.values())
    random.Random(seed).shuffle(definitions)
    tree.body = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)] + definitions
    lines = ast.unparse(ast.fix_missing_locations(tree)).splitlines()
    return "\n".join(line if '"""' in line or number % 4 else f"{line}  # step" for number, line in enumerate(lines))


def measure(exercise: Exercise) -> tuple[list[float], list[float], int, int]:
    """Likeness of copies and of honest pairs that can be judged, and how many honest files can, of how many."""
    honest = {variant.id: variant.source for variant in exercise.alternatives}
    given = [exercise.stub_path.read_text(encoding="utf-8"), exercise.reference_source]
    known = [variant.source for variant in exercise.misconceptions]
    planted: list[float] = []
    pairs: list[float] = []
    judged = 0
    for number, (name, source) in enumerate(honest.items()):
        found = compare(honest | {"copy": disguised(source, number)}, given, known)
        judged += found.weights[name] >= ENOUGH
        planted += [pair.likeness for pair in found.pairs if {pair.first, pair.second} == {name, "copy"}]
        pairs += [pair.likeness for pair in found.pairs if "copy" not in (pair.first, pair.second)]
    return planted, pairs, judged, len(honest)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exercises", nargs="*")
    exercises = find_course().select(parser.parse_args().exercises)
    print(f"{'exercise':16}{'files judged':>14}{'lowest copy':>13}{'highest honest':>16}")
    wrong = []
    for exercise in exercises:
        planted, honest, judged, count = measure(exercise)
        least, most = min(planted, default=1.0), max(honest, default=0.0)
        wrong += [exercise.name] if least <= most else []
        print(f"{exercise.name:16}{f'{judged} of {count}':>14}{least:13.2f}{most:16.2f}")
    print(
        f"Copies rank above all honest pairs in {len(exercises) - len(wrong)} of {len(exercises)} exercises. {wrong or ''}"
    )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
