"""judge.py KIND [--update-known] [--verbose] -- plays ../shared/KIND/cases.jsonl and judges the results.

../shared/KIND/compare.py says what is as recorded.  What differs must stand in KIND.known with its reason (the case's id,
a tab, why); a line there whose case is as recorded by now fails too, until --update-known has dropped it."""

import argparse
import collections
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parents[1]
SHARED = TREE.parent / "shared"


def read_known(path):
    """The reasons by id.  A line that is empty or starts with # is a remark."""
    known = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else [], 1):
        if not line or line.startswith("#"):
            continue
        name, tab, reason = line.partition("\t")
        if not tab or not reason.strip():
            raise SystemExit(f"{path.name}:{number}: an id, a tab and a reason are wanted")
        known[name] = reason
    return known


def drop_known(path, names):
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if line.partition("\t")[0] not in names), encoding="utf-8")


def load_compare(path):
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("compare", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def play(kind, cases, folder):
    results = pathlib.Path(folder) / "results.jsonl"
    done = subprocess.run([str(HERE / f"{kind}.sh"), str(cases), str(results)], stdin=subprocess.DEVNULL, check=False)
    return results if done.returncode == 0 else None


def judge(kind, options):
    cases = SHARED / kind / "cases.jsonl"
    if not cases.exists():
        print(f"{kind}: ../shared has no cases here: skipped")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    compare = load_compare(SHARED / kind / "compare.py")
    known_path = HERE / f"{kind}.known"
    known = read_known(known_path)
    groups, better, listed, failed = collections.defaultdict(lambda: [0, 0]), set(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        played = play(kind, cases, folder)
        if played is None:
            print(f"{kind}: the cases were not played")
            print("0 passed, 1 failed, 0 skipped")
            return 1
        results = {result.get("id"): result for result in compare.read(played)}
    tests = compare.read(cases)
    for test in tests:
        name, why = test["id"], compare.reasons(test, results.get(test["id"]))
        groups[test["group"]][0] += not why
        groups[test["group"]][1] += 1
        if not why and name in known:
            better.add(name)
        elif why and name in known:
            listed += 1
        failed += bool(why) and name not in known
        if why and (options.verbose or name not in known):
            print(f"{'known ' if name in known else 'FAILED'} {name}: {'; '.join(why)}")
    for name in sorted(set(known) - {test["id"] for test in tests}):
        print(f"FAILED {known_path.name} lists a case that is not there: {name}")
        failed += 1
    if better and options.update_known:
        drop_known(known_path, better)
        print(f"{known_path.name}: dropped {len(better)} lines")
    elif better:
        for name in sorted(better):
            print(f"FAILED {name}: is as recorded by now: tests/conformance/run {kind} --update-known drops its line")
        failed += len(better)
    for group in sorted(groups):
        print("%-22s %5d / %5d" % (group, *groups[group]))
    good = sum(passed for passed, _ in groups.values())
    print(f"{kind}: {good} of {len(tests)} as recorded, {listed} are known to differ ({known_path.name})")
    print(f"{good - (0 if options.update_known else len(better))} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(prog="tests/conformance/run KIND")
    parser.add_argument("kind")
    parser.add_argument("--update-known", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    return judge(options.kind, options)


if __name__ == "__main__":
    sys.exit(main())
