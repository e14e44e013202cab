"""An old and a new kubectl work alike: what people type all day, and what speaks more than JSON over
HTTP (exec, attach, cp, port-forward through WebSockets)."""
import base64
import contextlib
import os
import re
import subprocess
import unittest
import urllib.request

from support import CLIENTS, PATIENCE, Proof

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "nginx:1.27", ports: [{containerPort: 80}]}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: many}
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
    - {name: first, image: "busybox:1.36", command: [sh, -c, echo first]}
    - {name: side, image: "busybox:1.36", restartPolicy: Always, command: [sleep, "3600"]}
  containers:
    - {name: web, image: "nginx:1.27"}
    - {name: shell, image: "busybox:1.36", command: [sh, -c, "echo ready; sleep 3600"]}
    - {name: reader, image: "busybox:1.36", stdin: true, command: [cat]}
"""
MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: colors, labels: {set: a}}
data: {first: blue}
"""
OTHER = MAP.replace("colors", "shapes")
# Kinds and versions that Kubernetes once served.
REMOVED = {
    "extensions/v1beta1": ["Deployment", "Ingress"],
    "networking.k8s.io/v1beta1": ["Ingress"],
    "batch/v1beta1": ["CronJob"],
    "policy/v1beta1": ["PodDisruptionBudget", "PodSecurityPolicy"],
    "autoscaling/v2beta2": ["HorizontalPodAutoscaler"],
    "apiextensions.k8s.io/v1beta1": ["CustomResourceDefinition"],
    "flowcontrol.apiserver.k8s.io/v1beta3": ["FlowSchema"],
}


class Commands:
    """What both versions do alike."""

    options = ("--speed", "5")

    def edit(self, script, what, **options):
        """Opens `what` in an editor that does what a sed script says."""
        return self.kubectl(f"edit {what}", environment={"EDITOR": f"sed -i -e '{script}'"}, **options)

    @contextlib.contextmanager
    def serving(self, arguments, address):
        """A kubectl that runs until it is left; `address` is how it says where it listens."""
        command = [os.path.join(self.folder, "kubectl"), "-n", self.namespace, *arguments.split()]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   cwd=self.work, env={
                                       "PATH": os.environ["PATH"], "HOME": self.work,
                                       "KUBECONFIG": self.cluster.kubeconfig})
        try:
            line = process.stdout.readline()
            found = re.search(address, line)
            self.assertTrue(found, line)
            yield f"http://127.0.0.1:{found[1]}"
        finally:
            process.kill()
            process.communicate()

    def fetch(self, url):
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def test_commands_in_containers(self):
        self.kubectl("apply -f -", stdin=POD)
        self.kubectl("wait --for=condition=Ready pod/many --timeout=90s")
        self.assertEqual(self.kubectl("exec many -c shell -- echo hello").out, "hello\n")
        script = "'echo out; echo err >&2; exit 3'"
        done = self.kubectl(f"exec many -c shell -- sh -c {script}", fails=True)
        self.assertEqual((done.out, done.err), ("out\n", "err\ncommand terminated with exit code 3\n"))
        done = self.kubectl("exec -i many -c shell -- cat", stdin="typed\n")
        self.assertEqual(done.out, "typed\n")
        # More than fits into any buffer on the way, there and back.
        much = "0123456789abcdef\n" * 80_000
        self.assertTrue(self.kubectl("exec -i many -c shell -- cat", stdin=much).out == much)
        done = self.kubectl("exec many -- nginx -v")
        self.assertIn('Defaulted container "web" out of: web, shell, reader, first (init), side (init)', done.err)
        done = self.kubectl("exec many -c nope -- true", fails=True)
        self.assertIn("container nope is not valid for pod many", done.err)

        self.kubectl("attach many -c reader -i", stdin="attached\n")
        self.until(lambda: "attached\n" in self.kubectl("logs many -c reader").out)
        lines = self.kubectl("logs many --all-containers --prefix").out
        self.assertIn("[pod/many/shell] ready", lines)
        self.assertIn("[pod/many/reader] attached", lines)

        self.write("numbers", "".join(f"{number}\n" for number in range(200_000)))
        self.kubectl("cp numbers many:/tmp/numbers -c shell")
        self.kubectl("cp many:/tmp/numbers back -c shell")
        with open(os.path.join(self.work, "numbers")) as sent, open(os.path.join(self.work, "back")) as back:
            self.assertEqual(sent.read(), back.read())

        self.kubectl("debug many --image=busybox:1.36 -c dbg --profile=general -- echo debugging")
        self.kubectl("wait --for=jsonpath='{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}'=0 "
                     "pod/many --timeout=90s")
        self.assertEqual(self.kubectl("logs many -c dbg").out, "debugging\n")
        done = self.kubectl("run once --rm -i --quiet --restart=Never --image=busybox:1.36 -- cat", stdin="through\n")
        self.assertIn("through", done.out)

    def test_ports_and_proxies_lead_to_pods(self):
        self.kubectl("apply -f -", stdin=WEB)
        self.kubectl("rollout status deployment web --timeout=90s")
        self.kubectl("expose deployment web --port=8000 --target-port=80")
        for target in ("deployment/web :80", "service/web :8000"):
            with self.serving(f"port-forward {target}", r"127\.0\.0\.1:(\d+) -> 80") as url:
                for _ in range(3):
                    self.assertIn("Welcome to nginx!", self.fetch(url))
        with self.serving("proxy --port=0", r"127\.0\.0\.1:(\d+)") as url:
            path = f"/api/v1/namespaces/{self.namespace}/services/web:8000/proxy/"
            self.assertIn("Welcome to nginx!", self.fetch(url + path))

    def test_a_deployment_is_rolled_out_and_back(self):
        self.kubectl("create -f - --save-config", stdin=WEB)
        self.kubectl("rollout status deployment web --timeout=90s")
        self.kubectl("set image deployment web web=nginx:1.26")
        self.kubectl("set env deployment web COLOR=red")
        self.kubectl("set resources deployment web --limits=memory=64Mi")
        done = self.kubectl("rollout status deployment web --timeout=90s")
        self.assertIn('deployment "web" successfully rolled out', done.out)
        self.assertEqual(len(self.kubectl("rollout history deployment web").out.splitlines()), 2 + 4 + 1)
        self.assertIn("nginx:1.26", self.kubectl("rollout history deployment web --revision=2").out)
        self.kubectl("rollout undo deployment web --to-revision=1")
        self.kubectl("rollout restart deployment web")
        self.kubectl("rollout status deployment web --timeout=90s")
        container = self.get("deployment web")["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual((container["image"], "env" in container), ("nginx:1.27", False))
        done = self.kubectl("scale deployment web --replicas=1 --current-replicas=7", fails=True)
        self.assertIn("Expected replicas to be 7, was 2", done.err)
        self.kubectl("scale deployment web --replicas=3")
        self.kubectl("""patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":1}}'""")
        self.kubectl("wait --for=jsonpath='{.status.replicas}'=1 deployment/web --timeout=90s")
        lines = self.kubectl("get deployment web --subresource=scale").out.splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "DESIRED", "AVAILABLE", "AGE"])
        self.assertEqual(lines[1].split()[:3], ["web", "1", "1"])
        self.kubectl("autoscale deployment web --min=1 --max=4")
        self.assertEqual(self.get("hpa web")["spec"]["maxReplicas"], 4)
        self.kubectl("delete deployment web --wait --timeout=90s")

    def test_what_is_applied_is_merged_compared_and_pruned(self):
        self.write("map.yaml", MAP)
        self.write("other.yaml", OTHER)
        self.assertEqual(self.kubectl("apply -f map.yaml").out, "configmap/colors created\n")
        self.assertEqual(self.kubectl("apply -f map.yaml").out, "configmap/colors unchanged\n")
        self.kubectl("""patch configmap colors -p '{"data":{"second":"green"}}'""")
        red = MAP.replace("blue", "red")
        done = self.kubectl("diff -f -", stdin=red, fails=True)
        self.assertEqual(done.code, 1, done)
        self.assertIn("-  first: blue\n+  first: red\n", done.out)
        self.kubectl("apply -f -", stdin=red)
        self.assertEqual(self.get("configmap colors")["data"], {"first": "red", "second": "green"})
        self.edit("s/first: red$/first: pink/", "configmap colors")
        self.assertEqual(self.get("configmap colors")["data"]["first"], "pink")
        self.kubectl("replace --force -f map.yaml")
        self.assertEqual(self.get("configmap colors")["data"], {"first": "blue"})

        self.kubectl("apply -f map.yaml -f other.yaml")
        done = self.kubectl("apply -f map.yaml --prune -l set=a --prune-allowlist=core/v1/ConfigMap")
        self.assertIn("configmap/shapes pruned", done.out)
        sets = {"KUBECTL_APPLYSET": "true"}
        self.kubectl("apply --prune --applyset=mine -f map.yaml -f other.yaml", environment=sets)
        done = self.kubectl("apply --prune --applyset=mine -f other.yaml", environment=sets)
        self.assertIn("configmap/colors pruned", done.out)

        self.kubectl("apply --server-side -f map.yaml")
        done = self.kubectl("apply --server-side --field-manager=other -f -", stdin=red, fails=True)
        self.assertIn('Apply failed with 1 conflict: conflict with "kubectl": .data.first', done.err)
        self.kubectl("apply --server-side --field-manager=other --force-conflicts -f -", stdin=red)
        self.assertEqual(self.get("configmap colors")["data"], {"first": "red"})
        self.kubectl("apply --server-side --dry-run=server --force-conflicts -f map.yaml")
        self.assertEqual(self.get("configmap colors")["data"], {"first": "red"})

    def test_kustomizations_are_applied_and_deleted(self):
        self.write("web.yaml", WEB)
        self.write("kustomization.yaml", "resources: [web.yaml]\nnamePrefix: prod-\n"
                   f"namespace: {self.namespace}\nreplicas: [{{name: web, count: 1}}]\n"
                   "configMapGenerator: [{name: settings, literals: [a=b]}]\n")
        self.kubectl("apply -k .")
        self.kubectl("rollout status deployment prod-web --timeout=90s")
        self.assertEqual(self.kubectl("diff -k .").out, "")
        self.assertEqual(self.get("deployment prod-web")["status"]["replicas"], 1)
        self.kubectl("delete -k . --timeout=90s")

    def test_a_node_is_drained(self):
        node = "kubekata-worker2"
        self.addCleanup(self.kubectl, f"uncordon {node}")
        self.kubectl("taint nodes kubekata-worker once=here:PreferNoSchedule")
        self.kubectl("taint nodes kubekata-worker once-")
        self.kubectl("run bare --image=nginx:1.27 --overrides='"
                     '{"spec":{"nodeName":"' + node + '","terminationGracePeriodSeconds":1}}' + "'")
        self.kubectl("wait --for=condition=Ready pod/bare --timeout=90s")
        done = self.kubectl(f"drain {node} --ignore-daemonsets --pod-selector=run=bare", fails=True)
        self.assertIn("declare no controller", done.err)
        done = self.kubectl(f"drain {node} --ignore-daemonsets --force --timeout=90s --pod-selector=run=bare")
        self.assertIn("pod/bare evicted", done.out)
        self.assertIn("Ready,SchedulingDisabled", self.kubectl(f"get node {node}").out)

    def test_a_user_comes_with_a_certificate_and_rights(self):
        subprocess.run("openssl req -new -newkey rsa:2048 -nodes -keyout key -subj /CN=ann -out csr", shell=True,
                       cwd=self.work, check=True, capture_output=True)
        with open(os.path.join(self.work, "csr"), "rb") as file:
            request = base64.b64encode(file.read()).decode()
        name = f"ann-{self.clients}"
        self.kubectl("apply -f -", stdin="apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\n"
                     f"metadata: {{name: {name}}}\nspec: {{signerName: kubernetes.io/kube-apiserver-client, "
                     f"usages: [client auth], request: {request}}}\n")
        self.kubectl(f"certificate approve {name}")
        self.kubectl(f"wait --for=jsonpath='{{.status.certificate}}' csr/{name} --timeout=90s")
        self.write("certificate", base64.b64decode(self.get(f"csr {name}")["status"]["certificate"]).decode())
        with open(self.cluster.kubeconfig) as file:
            self.write("kubeconfig", file.read())
        ann = "--kubeconfig=kubeconfig"
        self.run_program("kubectl", f"config set-credentials ann {ann} --client-certificate=certificate "
                                    "--client-key=key")
        self.run_program("kubectl", f"config set-context --current {ann} --user=ann")
        self.assertIn("ann", self.kubectl(f"auth whoami {ann}").out)
        done = self.kubectl(f"get pods {ann}", fails=True)
        self.assertIn('pods is forbidden: User "ann" cannot list resource "pods"', done.err)
        self.kubectl("auth reconcile -f -", stdin=f"""
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: looks, namespace: {self.namespace}}}
rules: [{{apiGroups: [""], resources: [pods], verbs: [get, list]}}]
""")
        self.kubectl("create rolebinding ann-looks --role=looks --user=ann")
        self.kubectl(f"get pods {ann}")
        self.assertEqual(self.kubectl("auth can-i list pods --as=ann").out, "yes\n")
        done = self.kubectl("auth can-i delete pods --as=ann", fails=True)
        self.assertEqual(done.out, "no\n")
        token = self.kubectl("create token default --duration=1h").out.strip()
        self.run_program("kubectl", f"config set-credentials default {ann} --token={token}")
        whoami = self.kubectl(f"{ann} auth whoami --user=default").out
        self.assertIn(f"system:serviceaccount:{self.namespace}:default", whoami)

    def test_what_was_removed_has_no_matches(self):
        documents = [f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: old}}\n"
                     for version, kinds in REMOVED.items() for kind in kinds]
        done = self.kubectl("apply -f -", stdin="---\n".join(documents), fails=True)
        for version, kinds in REMOVED.items():
            for kind in kinds:
                self.assertIn('resource mapping not found for name: "old" namespace: "" from "STDIN": '
                              f'no matches for kind "{kind}" in version "{version}"\n'
                              "ensure CRDs are installed first\n", done.err)

    def test_waiting_and_watching_end_when_it_is_so(self):
        self.kubectl("create job count --image=busybox:1.36 -- sh -c 'echo counted'")
        self.kubectl("wait --for=condition=complete job/count --timeout=90s")
        self.assertEqual(self.kubectl("logs job/count").out, "counted\n")
        self.until(lambda: "Job completed" in self.kubectl("events --for job/count").out)
        self.kubectl("wait --for=create job/count --timeout=90s")
        self.kubectl("delete job count --wait=false")
        self.kubectl("wait --for=delete job/count --timeout=90s")
        done = self.kubectl("wait --for=condition=Ready pod -l no=such --timeout=1s", fails=True)
        self.assertIn("no matching resources found", done.err)


class Kubectl132(Commands, Proof):
    clients = "v32"


class Kubectl137(Commands, Proof):
    clients = "v37"

    def kinds(self, *verbs):
        return self.kubectl(f"api-resources -o name --verbs={','.join(verbs)}").out.split()

    def test_every_kind_is_shown_alike_by_the_older_one(self):
        older = os.path.join(CLIENTS, "v32", "kubectl")
        if not os.path.exists(older):
            self.skipTest("kubectl 1.32 is not installed")
        self.kubectl("apply -f -", stdin=WEB)
        self.kubectl("rollout status deployment web --timeout=90s")
        # Leases and events come and go meanwhile, and what is used is measured anew.
        passing = re.compile(r"(events|leases)\b|.*\.metrics\.k8s\.io$")
        kinds = ",".join(kind for kind in self.kinds("list") if not passing.match(kind))
        shown = []
        for program in ("kubectl", older):
            done = self.run_program(program, f"-n {self.namespace} get {kinds} --no-headers")
            lines = [line.split()[:2] for line in done.out.splitlines()]
            # What follows is left out, because it may be an age; for a few kinds it is one.
            shown.append([(name, re.sub(r"^(\d+[smhd])+$", "AGE", cell)) for name, cell in lines])
        self.assertEqual(shown[0], shown[1])
        self.assertIn(("deployment.apps/web", "2/2"), shown[0])
        self.assertIn(("componentstatus/etcd-0", "Healthy"), shown[0])

    def test_every_kind_is_described(self):
        self.kubectl(f"describe {','.join(self.kinds('list', 'get'))} -A")

    def test_kyaml_is_yaml(self):
        import yaml
        self.kubectl("apply -f -", stdin=MAP)
        shown = yaml.safe_load(self.kubectl("get configmap colors -o kyaml").out)
        self.assertEqual(shown["data"], {"first": "blue"})
        self.kubectl("get configmap colors -o kyaml > shown.kyaml")
        self.kubectl("replace -f shown.kyaml")


if __name__ == "__main__":
    unittest.main()
