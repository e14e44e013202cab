"""What the proofs share: a cluster of their own, and programs that are run against it."""
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CLIENTS = os.environ.get("CLIENTS", os.path.join(ROOT, "target", "clients"))
KUBEKATA = os.environ.get("KUBEKATA", os.path.join(ROOT, "target", "debug", "kubekata"))
# How long anything may take before it counts as stuck; nothing comes near it.
PATIENCE = 120


class Cluster:
    """A cluster in a process of its own."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="clients-")
        self.kubeconfig = os.path.join(self.folder, "kubeconfig")
        self.log = open(os.path.join(self.folder, "log"), "w+")
        command = [KUBEKATA, "cluster", "serve", "--kubeconfig", self.kubeconfig, *options]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + PATIENCE
        while not (os.path.exists(self.kubeconfig) and os.path.getsize(self.kubeconfig)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                raise RuntimeError(f"the cluster does not start:\n{self.log.read()}")
            time.sleep(0.02)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Done:
    """How a program ended, and what it said."""

    def __init__(self, command, process):
        self.command, self.code = command, process.returncode
        self.out, self.err = process.stdout, process.stderr

    def __str__(self):
        return f"$ {self.command}\n{self.out}{self.err}[{self.code}]"

    def json(self):
        return json.loads(self.out)


class Proof(unittest.TestCase):
    """Tests of one client: `clients` names the folder its programs are in, `options` how its
    cluster is served. All tests of a class share the cluster, each has a namespace."""

    clients = None
    options = ()
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.join(CLIENTS, cls.clients)
        if not os.path.isdir(cls.folder):
            raise unittest.SkipTest(f"the clients {cls.clients} are not installed: tests/clients/install.py")
        cls.cluster = Cluster(*cls.options)
        cls.addClassCleanup(cls.cluster.close)

    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="proof-")
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)
        self.namespace = self._testMethodName.removeprefix("test_").replace("_", "-")[:50].strip("-")
        self.make_namespace()

    def make_namespace(self):
        self.kubectl(f"create namespace {self.namespace}")

    def run_program(self, program, arguments, stdin=None, fails=False, environment=None):
        """Runs a program of this proof's folder. `arguments` are split as a shell would."""
        command = f"{os.path.join(self.folder, program)} {arguments}"
        home = os.path.join(self.work, "home")
        process = subprocess.run(
            ["bash", "-c", command], input=stdin, capture_output=True, text=True, timeout=PATIENCE,
            cwd=self.work, env={
                "PATH": os.environ["PATH"], "HOME": home, "KUBECONFIG": self.cluster.kubeconfig,
                "HELM_NAMESPACE": self.namespace, **(environment or {})})
        done = Done(f"{program} {arguments}", process)
        self.assertEqual(done.code != 0, fails, done)
        return done

    def write(self, name, text):
        with open(os.path.join(self.work, name), "w") as file:
            file.write(text)

    def until(self, is_so):
        """Asks again and again until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            self.assertLess(time.monotonic(), deadline, "it never became so")
            time.sleep(0.1)

    def kubectl(self, arguments, **options):
        return self.run_program("kubectl", f"-n {self.namespace} {arguments}", **options)

    def helm(self, arguments, **options):
        return self.run_program("helm", arguments, **options)

    def get(self, what):
        """Objects as kubectl has them from the server."""
        return self.kubectl(f"get {what} -o json").json()

    def names(self, what):
        return sorted(item["metadata"]["name"] for item in self.get(what)["items"])
