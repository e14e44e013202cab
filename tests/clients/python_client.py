"""The official Python client does with this cluster what it does with any: typed and dynamic objects,
every kind of patch, logs, exec and port-forward through WebSockets."""
import os
import sys
import unittest

from support import CLIENTS, PATIENCE, Proof

sys.path.insert(0, os.path.join(CLIENTS, "python"))

POD = {
    "metadata": {"name": "web"},
    "spec": {"containers": [
        {"name": "web", "image": "nginx:1.27"},
        {"name": "shell", "image": "busybox:1.36", "command": ["sh", "-c", "echo one; sleep 3600"]},
    ]},
}


class PythonClient(Proof):
    clients = "python"
    options = ("--speed", "5")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        from kubernetes import client, config
        config.load_kube_config(cls.cluster.kubeconfig)
        cls.client = client
        cls.core = client.CoreV1Api()

    def make_namespace(self):
        body = {"metadata": {"name": self.namespace}}
        self.core.create_namespace(body)

    def running_pod(self):
        # Pods may be created once the controllers have made the account.
        self.until(lambda: self.core.list_namespaced_service_account(self.namespace).items)
        self.core.create_namespaced_pod(self.namespace, POD)
        self.until(lambda: self.core.read_namespaced_pod("web", self.namespace).status.phase == "Running")

    def test_objects_are_made_listed_in_pages_patched_and_deleted(self):
        for number in range(7):
            body = self.client.V1ConfigMap(metadata=self.client.V1ObjectMeta(
                name=f"map-{number}", labels={"set": "python"}), data={"k": "v"})
            self.core.create_namespaced_config_map(self.namespace, body)
        names, page = [], None
        while page is None or page.metadata._continue:
            token = page.metadata._continue if page else None
            page = self.core.list_namespaced_config_map(
                self.namespace, label_selector="set=python", limit=3, _continue=token)
            names += [item.metadata.name for item in page.items]
        self.assertEqual(names, [f"map-{number}" for number in range(7)])
        patch = self.core.patch_namespaced_config_map
        self.assertEqual(patch("map-0", self.namespace, {"data": {"k": None, "n": "1"}}).data, {"n": "1"})
        patched = patch("map-0", self.namespace, [{"op": "add", "path": "/data/m", "value": "2"}])
        self.assertEqual(patched.data, {"n": "1", "m": "2"})
        stale = self.core.read_namespaced_config_map("map-1", self.namespace)
        patch("map-1", self.namespace, {"data": {"k": "newer"}})
        with self.assertRaises(self.client.ApiException) as caught:
            self.core.replace_namespaced_config_map("map-1", self.namespace, stale)
        self.assertEqual((caught.exception.status, caught.exception.reason), (409, "Conflict"))
        self.core.delete_collection_namespaced_config_map(self.namespace, label_selector="set=python")
        listed = self.core.list_namespaced_config_map(self.namespace, label_selector="set=python")
        self.assertEqual(listed.items, [])

    def test_the_dynamic_client_discovers_applies_and_watches(self):
        from kubernetes import dynamic
        api = dynamic.DynamicClient(self.client.ApiClient())
        deployments = api.resources.get(api_version="apps/v1", kind="Deployment")
        labels = {"app": "web"}
        body = {
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": self.namespace},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]}}},
        }
        applied = deployments.server_side_apply(body=body, name="web", namespace=self.namespace,
                                                field_manager="python")
        self.assertIn("python", [entry.manager for entry in applied.metadata.managedFields])
        for event in deployments.watch(namespace=self.namespace, timeout=PATIENCE):
            if event["object"].status.readyReplicas == 1:
                break
        else:
            self.fail("the Deployment never got ready")
        scale = deployments.scale.patch(body={"spec": {"replicas": 0}}, name="web", namespace=self.namespace,
                                        content_type="application/merge-patch+json")
        self.assertEqual(scale.kind, "Scale")

    def test_commands_ports_and_logs_of_containers(self):
        from kubernetes.stream import portforward, stream
        self.running_pod()
        connect, of_shell = self.core.connect_get_namespaced_pod_exec, {"container": "shell"}
        out = stream(connect, "web", self.namespace, command=["echo", "hello"], stdout=True, stderr=True, **of_shell)
        self.assertEqual(out, "hello\n")
        session = stream(connect, "web", self.namespace, command=["sh", "-c", "cat; echo bad >&2; exit 7"],
                         stdin=True, stdout=True, stderr=True, _preload_content=False, **of_shell)
        script = stream(connect, "web", self.namespace, command=["sh", "-c", "echo bad >&2; exit 7"],
                        stdout=True, stderr=True, _preload_content=False, **of_shell)
        script.run_forever(timeout=PATIENCE)
        self.assertEqual((script.read_stderr(), script.returncode), ("bad\n", 7))
        session.close()

        forward = portforward(self.core.connect_get_namespaced_pod_portforward, "web", self.namespace, ports="80")
        socket = forward.socket(80)
        socket.settimeout(PATIENCE)
        socket.sendall(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
        answer = b""
        while chunk := socket.recv(65536):
            answer += chunk
        self.assertIn(b"Welcome to nginx!", answer)

        logs = self.core.read_namespaced_pod_log
        self.assertEqual(logs("web", self.namespace, container="shell"), "one\n")


if __name__ == "__main__":
    unittest.main()
