"""kubectl 1.32 and 1.37 side by side: the same commands by both, each in a namespace of its own,
and everything they print held against each other. What may differ is listed."""
import difflib
import os
import re
import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from support import CLIENTS, PATIENCE, Cluster, Proof

OLDER, NEWER = "v32", "v37"

FILES = {
    "web.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: nginx:1.27
          ports: [{containerPort: 80}]
          resources: {requests: {cpu: 10m}, limits: {memory: 64Mi}}
          readinessProbe: {httpGet: {path: /, port: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80}]}
""",
    "many.yaml": """
apiVersion: v1
kind: ConfigMap
metadata: {name: colors, labels: {set: a}, annotations: {made: by-hand}}
data: {first: blue, second: green}
---
apiVersion: v1
kind: Secret
metadata: {name: key, labels: {set: a}}
stringData: {key: value}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk, labels: {set: a}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: none}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, labels: {set: a}}
spec:
  schedule: "0 3 * * *"
  suspend: true
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1.36"}]}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: door, labels: {set: a}}
spec: {rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, labels: {set: a}}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: budget, labels: {set: a}}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: scaler, labels: {set: a}}
spec: {minReplicas: 1, maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: looks, labels: {set: a}}
rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ann-looks, labels: {set: a}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: looks}
subjects: [{kind: User, name: ann, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota, labels: {set: a}}
spec: {hard: {configmaps: "10", count/secrets: "10"}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits, labels: {set: a}}
spec: {limits: [{type: Container, default: {cpu: 100m}}]}
""",
    "wrong.yaml": """
apiVersion: v1
kind: Pod
metadata: {name: Wrong_Name, labels: {"a b": c}}
spec: {restartPolicy: Sometimes, containers: [{name: A, image: ""}]}
""",
    "unknown.yaml": """
apiVersion: v1
kind: ConfigMap
metadata: {name: unknown, lables: {a: b}}
dat: {a: b}
""",
    "old.yaml": """
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: old}
---
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {name: old}
---
apiVersion: batch/v2alpha1
kind: CronJob
metadata: {name: old}
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: new}
""",
    "kustomization.yaml": """
resources: [web.yaml]
namePrefix: prod-
labels: [{pairs: {tier: front}, includeSelectors: true}]
replicas: [{name: web, count: 1}]
configMapGenerator: [{name: settings, literals: [a=b]}]
""",
}

# Each is run by both, the older first; `!` where it has to fail.
COMMANDS = """
apply -f web.yaml
apply -f web.yaml
apply -f many.yaml
rollout status deployment web --timeout=90s
wait --for=condition=Available deployment/web --timeout=90s
wait --for=condition=Ready pod -l app=web --timeout=90s
wait --for=jsonpath='{.status.readyReplicas}'=1 deployment/web --timeout=90s
wait --for=jsonpath='{.data.first}' configmap/colors --timeout=90s
wait --for=create configmap/colors --timeout=90s
! wait --for=condition=Nope deployment/web --timeout=0
! wait --for=delete configmap/colors --timeout=1s
! wait --for=condition=Ready pod/nope --timeout=1s
! wait --for=jsonpath='{.a' pod/nope
! wait pod/nope
! wait --for=nonsense pod/nope
get deployments,replicasets,services,endpointslices -o wide
get pods -o wide
get configmap,secret,pvc,cronjob,ingress,networkpolicy,pdb,role,rolebinding,resourcequota,limitrange
get all -l app=web
get deployment web -o yaml
get deployment web -o json
get deployment web -o name
get service web -o jsonpath='{.spec.ports[*].port}{"\\n"}'
get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[*].image,NONE:.spec.nope
get configmaps -o go-template='{{range .items}}{{.metadata.name}} {{end}}'
get pods --field-selector=status.phase=Running -o name
get configmaps -L set --show-labels
get configmaps --chunk-size=1
get nodes
get namespaces kube-system -o yaml --show-managed-fields
get storageclasses,priorityclasses,ingressclasses,runtimeclasses
get crd,apiservices
get --raw /version
get --raw /apis/apps
! get nope
! get configmap nope
! get configmaps,nope
! get pods --field-selector=nope=1
! get pods -l 'a b'
! get --raw /nope
! get pods -o jsonpath='{.nope'
describe deployment web
describe pods -l app=web --show-events=false
describe service web
describe configmap colors
describe secret key
describe pvc disk
describe cronjob nightly
describe ingress door
describe networkpolicy closed
describe pdb budget
describe role looks
describe rolebinding ann-looks
describe resourcequota quota
describe limitrange limits
describe serviceaccount default
describe node kubekata-control-plane --show-events=false
describe namespace kube-node-lease
describe storageclass standard
describe clusterrole view
! describe nope
! describe pod nope
api-versions
api-resources
api-resources --namespaced=false -o wide
api-resources --api-group=apps --verbs=list,watch
cluster-info
version -o json
explain pods
explain pod.spec.containers.resources
explain deployment.spec.strategy --recursive
explain hpa --api-version=autoscaling/v1
explain certificatesigningrequests.spec
explain events.involvedObject
! explain nope
! explain pods.nope
! explain pods --api-version=nope/v1
! apply -f wrong.yaml
! apply -f wrong.yaml --validate=false
! apply -f unknown.yaml
apply -f unknown.yaml --validate=warn
apply -f unknown.yaml --validate=false
! apply -f unknown.yaml --validate=strict --dry-run=server
! apply -f old.yaml
! create -f old.yaml
! delete -f old.yaml
! apply -f missing.yaml
! create -f many.yaml
apply --server-side -f many.yaml --force-conflicts
apply --server-side -f many.yaml --dry-run=server
apply --server-side --field-manager=me -f web.yaml --force-conflicts
! apply --server-side --field-manager=you -f wrong.yaml
apply view-last-applied deployment web
diff -f web.yaml
apply -k .
diff -k .
apply -k . --dry-run=client
kustomize .
delete -k . --timeout=90s
apply -f many.yaml --prune -l set=a --prune-allowlist=core/v1/ConfigMap --prune-allowlist=core/v1/Secret
create configmap made --from-literal=a=b --dry-run=client -o yaml
create configmap made --from-literal=a=b
create secret generic made --from-literal=a=b
! create secret tls bad --cert=web.yaml --key=web.yaml
create deployment made --image=nginx:1.27 --replicas=0
create job once --image=busybox:1.36 -- true
create cronjob tick --image=busybox:1.36 --schedule='0 0 1 1 *' -- date
create ingress made --rule=a.example.com/=web:80
create quota made --hard=pods=10
create role made --verb=get,list --resource=pods,deployments.apps
create rolebinding made --role=made --user=ann
create serviceaccount made
create service nodeport made --tcp=80:80
create poddisruptionbudget made --selector=a=b --min-available=1
! create configmap made --from-literal=a=b
! create deployment Made --image=nginx:1.27
! create role bad --verb=get --resource=nope
! create quota bad --hard=nope
! create namespace default
wait --for=condition=complete job/once --timeout=90s
wait --for=jsonpath='{.status.succeeded}'=1 job/once --timeout=90s
logs job/once
label configmap colors new=label
! label configmap colors new=other
label configmap colors new=other --overwrite
label configmap colors new-
annotate configmap colors a=b
patch configmap colors -p '{"data":{"third":"red"}}'
patch configmap colors --type=json -p '[{"op":"remove","path":"/data/third"}]'
patch configmap colors --type=merge -p '{"data":{"first":"blue"}}'
! patch configmap colors --type=json -p '[{"op":"remove","path":"/data/nope"}]'
! patch configmap colors -p '{"data":'
! patch deployment web -p '{"spec":{"selector":{"matchLabels":{"x":"y"}}}}'
set image deployment web web=nginx:1.26
set env deployment web A=b
set resources deployment web --limits=cpu=100m
set serviceaccount deployment web made
set selector service web app=web
rollout status deployment web --timeout=90s
rollout history deployment web
rollout history deployment web --revision=2
rollout pause deployment web
! rollout pause deployment web
rollout resume deployment web
rollout undo deployment web
rollout restart deployment web
rollout status deployment web --timeout=90s
scale deployment web --replicas=1
! scale deployment web --replicas=1 --current-replicas=7
! scale configmap colors --replicas=1
autoscale deployment made --min=1 --max=4
expose deployment web --name=again --port=8080 --target-port=80
replace -f many.yaml
! replace -f unknown.yaml --validate=strict
auth can-i create pods
! auth can-i create pods --as=ann
auth can-i get pods --as=ann
! auth can-i list secrets --as=ann
auth can-i --list --as=ann
auth whoami
! get pods --as=bob
! create deployment x --image=x --as=ann
exec deployment/web -- cat /etc/hostname
! exec deployment/web -- sh -c 'exit 3'
! exec deployment/web -c nope -- true
! exec pod/nope -- true
! logs nope
! logs deployment/nope
taint node kubekata-worker side=by:PreferNoSchedule
! taint node kubekata-worker side=by:Nope
taint node kubekata-worker side-
cordon kubekata-worker
cordon kubekata-worker
uncordon kubekata-worker
drain kubekata-worker --dry-run=server --ignore-daemonsets --pod-selector=nope=nope
uncordon kubekata-worker
delete configmap colors --dry-run=server
delete configmap colors
! delete configmap colors
delete configmap colors --ignore-not-found
delete deployment,service -l app=web --timeout=90s
delete -f many.yaml --ignore-not-found --timeout=90s
delete pods --all --timeout=90s
get events --field-selector=reason=Nope
get all
""".strip().splitlines()

# What no two runs have in common.
MASKS = [
    (r"(?m)^[IWE]\d{4} .*\n?", ""),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UID"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", "TIME"),
    (r"containerd://[0-9a-f]{64}", "containerd://ID"),
    (r"127\.0\.0\.1:\d+", "SERVER"),
    (r"kubekata-worker2?\b", "WORKER"),
    (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    (r"\b(1\d\d|10)\.\d+\.\d+\.\d+(/\d+)?\b", "IP"),
    (r"\b(\d+d)?(\d+h)?(\d+m)?\d+s\b|\b\d+[mhd]\b", "AGE"),
    (r'(resourceVersion: "?|"resourceVersion": ?")\d+', r"\1RV"),
    (r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "-RAND"),
    (r"\b(web|made|once)-[0-9a-f]{6,10}\b", r"\1-HASH"),
    (r"(pod-template-hash[=:]\s*|\"pod-template-hash\": \")[0-9a-f]+", r"\1HASH"),
    (r"80:\d{5}/TCP", "80:PORT/TCP"),
    (r"[ \t]+", " "),
]

# What the two releases say in words of their own: the commands, a pattern, and what stands for both.
KNOWN = [
    ("delete", r" from default namespace", ""),
    ("rollout status", r"^Waiting for .*\n", ""),
    ("get|describe", r"\(x\d+ over AGE\)", ""),
    ("describe|rollout history", r"#success=(\d+) #failure=", r"successThreshold=\1 failureThreshold="),
    ("describe pods", r"ConfigMapOptional: <nil>", "Optional: false"),
    ("describe cronjob", r"^Time Zone:.*\n", ""),
    ("describe serviceaccount", r"^(Mountable secrets|Tokens):.*\n", ""),
    ("describe node", r"^Kube-Proxy Version:\n", ""),
    ("wait", r'unrecognized condition: (""|\[\])', "unrecognized condition"),
    ("create .*--dry-run", r"^creationTimestamp: null\n", ""),
    ("apply .*--dry-run=client", r"(configured|unchanged) \(dry run\)", "(dry run)"),
    ("exec .*-c nope", r"Error from server \(BadRequest\): (.*)", r"error: \1 out of: web"),
    ("version", r'"(minor|gitVersion|gitCommit|goVersion|kustomizeVersion)": .*', r"\1"),
    ("version", r"(?i)^warning: version difference .*", "skew"),
]


def plain(text):
    """What is left of an output when everything that differs between two runs is masked."""
    for pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text)
    return "\n".join(line.strip() for line in text.strip().splitlines())


class SideBySide(Proof):
    """Two clusters, so that what one client does is not what the other finds."""

    clients = NEWER
    options = ("--speed", "5")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not os.path.exists(os.path.join(CLIENTS, OLDER, "kubectl")):
            raise unittest.SkipTest("kubectl 1.32 is not installed")
        cls.other = Cluster(*cls.options)
        cls.addClassCleanup(cls.other.close)

    def setUp(self):
        super().setUp()
        self.pool = ThreadPoolExecutor(2)
        self.addCleanup(self.pool.shutdown)

    def told(self, version, command):
        """How a command ends and what it prints, without what the two are known to say differently."""
        cluster = self.other if version == OLDER else self.cluster
        work = os.path.join(self.work, version)
        done = subprocess.run(
            ["bash", "-c", f"{os.path.join(CLIENTS, version, 'kubectl')} {command}"], cwd=work, text=True,
            capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": work, "KUBECONFIG": cluster.kubeconfig})
        text = f"{plain(done.stdout)}\n{plain(done.stderr)}\n[{done.returncode}]"
        for start, pattern, same in KNOWN:
            if re.match(start, command):
                text = re.sub(pattern, same, text, flags=re.M)
        return done.returncode != 0, text

    def both(self, command):
        return list(self.pool.map(lambda version: self.told(version, command), (OLDER, NEWER)))

    def test_both_print_the_same(self):
        for version in (OLDER, NEWER):
            os.makedirs(os.path.join(self.work, version))
            for name, text in FILES.items():
                self.write(os.path.join(version, name), text)
        differences = []
        for line in COMMANDS:
            command = line.removeprefix("! ")
            deadline = time.monotonic() + PATIENCE
            one, other = self.both(command)
            # What controllers have not yet written in one of the clusters, they soon will.
            while one != other and command.startswith(("get", "describe")) and time.monotonic() < deadline:
                time.sleep(0.2)
                one, other = self.both(command)
            if one[0] != line.startswith("! "):
                differences.append(f"$ {line}\n{one[1]}")
            if one != other:
                texts = (text.splitlines() for _, text in (one, other))
                lines = difflib.unified_diff(*texts, OLDER, NEWER, lineterm="", n=1)
                differences.append(f"$ {line}\n" + "\n".join(lines))
        if differences:
            self.fail("\n\n" + "\n\n".join(differences))

    def test_every_kind_is_explained_alike(self):
        kinds = self.kubectl("api-resources -o name --verbs=create").out.split()
        # `events.events.k8s.io` is read as a field of core events, by any server.
        kinds.remove("events.events.k8s.io")

        def explain(version):
            folder = os.path.join(CLIENTS, version)
            return [self.run_program(f"{folder}/kubectl", f"explain {kind} --recursive").out for kind in kinds]

        older, newer = self.pool.map(explain, (OLDER, NEWER))
        for kind, one, other in zip(kinds, older, newer):
            self.assertIn("metadata\t<ObjectMeta>", one, kind)
            self.assertEqual(one, other, kind)


if __name__ == "__main__":
    unittest.main()
