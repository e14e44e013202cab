#!/usr/bin/env python3
"""Runs the proofs by real clients, each class with a cluster of its own, three at a time.

  run.py [-j N] [CLASS...]            classes as in helm.Helm3; all where left out

KUBEKATA names the program that serves the clusters (target/debug/kubekata where left out), CLIENTS
the folder that install.py filled. The last line is "N passed, N failed, N skipped".
"""
import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
PROOFS = ("helm.Helm3", "helm.Helm4", "kubectl.Kubectl132", "kubectl.Kubectl137",
          "side_by_side.SideBySide", "python_client.PythonClient")


def run(proof):
    """Runs one class: what it wrote, and how many tests passed, failed and were skipped."""
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", "unittest", "-v", proof], cwd=HERE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ran = re.search(r"^Ran (\d+) tests?", done.stdout, re.MULTILINE)
    counts = {name: int(count) for name, count in
              re.findall(r"(failures|errors|skipped)=(\d+)", done.stdout.splitlines()[-1])}
    failed = counts.get("failures", 0) + counts.get("errors", 0)
    if done.returncode != 0:
        failed = max(failed, 1)
    skipped = counts.get("skipped", 0)
    total = int(ran[1]) if ran else 0
    print(f"-- {proof}, {time.monotonic() - begin:.1f} s\n{done.stdout}", flush=True)
    return max(total - failed - skipped, 0), failed, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-j", "--jobs", type=int, default=3)
    parser.add_argument("proofs", nargs="*", default=PROOFS, metavar="CLASS")
    args = parser.parse_args()
    with ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(run, args.proofs))
    passed, failed, skipped = (sum(counts) for counts in zip(*results))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


sys.exit(main())
