#!/usr/bin/env python3
"""Runs the golden cases against a cluster and holds the ground that was gained.

  ratchet.py --kubeconfig F [--kubectl PATH] [-j N] [--update]

Every case named in passing.txt must pass; one that does not is tried again by itself, because a
busy machine is not a wrong answer. --update runs all cases and adds those that pass. The last line
is "N passed, N failed", where failed counts lost cases only.
"""
import argparse, os, subprocess, sys, tempfile
import xml.etree.ElementTree as xml

HERE = os.path.dirname(os.path.abspath(__file__))
PASSING = os.path.join(HERE, "passing.txt")


def run(args, jobs, only=()):
    """Names of the cases that passed, and those that failed with what was wrong."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "junit.xml")
        command = [sys.executable, os.path.join(HERE, "run.py"), "--kubeconfig", args.kubeconfig,
                   "-j", str(jobs), "--junit", report]
        if args.kubectl:
            command += ["--kubectl", args.kubectl]
        for name in only:
            command += ["--only", name]
        with open(os.path.join(folder, "log"), "w+") as log:
            subprocess.run(command + [os.path.join(HERE, "cases")], stdout=log, stderr=log)
            if not os.path.exists(report):
                log.seek(0)
                sys.exit(log.read())
        passed, failed = set(), {}
        for case in xml.parse(report).getroot().iter("testcase"):
            if case.find("skipped") is not None:
                continue
            name = f'{case.get("classname")}/{case.get("name")}'
            problem = case.find("failure")
            if problem is None:
                problem = case.find("error")
            if problem is None:
                passed.add(name)
            else:
                failed[name] = problem.text or problem.get("message") or ""
        return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--kubectl")
    parser.add_argument("-j", "--jobs", type=int, default=4)
    parser.add_argument("--update", action="store_true", help="write the cases that pass to passing.txt")
    args = parser.parse_args()
    with open(PASSING) as file:
        wanted = {line.strip() for line in file if line.strip()}
    passed, failed = run(args, args.jobs, () if args.update else sorted(wanted))
    total = len(passed) + len(failed)
    lost = sorted(wanted & failed.keys())
    if lost:
        again, still = run(args, 1, lost)
        passed |= again
        lost = sorted(still)
        for name in lost:
            print(f"LOST {name}\n{still[name]}\n")
    for name in sorted(passed - wanted):
        print(f"gained {name}")
    if args.update:
        with open(PASSING, "w") as file:
            file.writelines(f"{name}\n" for name in sorted(passed | (wanted - set(lost))))
        print(f"golden cases: {len(passed)} of {total} pass ({100 * len(passed) // max(total, 1)}%)")
    print(f"{len(wanted) - len(lost)} passed, {len(lost)} failed")
    return 1 if lost else 0


sys.exit(main())
