"""An operator of kopf: a ConfigMap for every Widget, a finalizer, a timer, and status."""
import kopf
from kubernetes import client, config

config.load_kube_config()
core = client.CoreV1Api()


@kopf.on.startup()
def configure(settings, **_):
    # Retries after a broken connection come soon, so that the test is short.
    settings.networking.error_backoffs = [0.1] * 50
    settings.watching.reconnect_backoff = 0.1
    settings.posting.enabled = False


@kopf.on.create("test.example.com", "v1", "widgets")
def create(name, namespace, spec, body, **_):
    child = {"metadata": {"name": f"{name}-child"}, "data": {"size": str(spec["size"])}}
    kopf.adopt(child, owner=body)
    core.create_namespaced_config_map(namespace, child)
    return {"made": child["metadata"]["name"]}


@kopf.on.update("test.example.com", "v1", "widgets", field="spec.size")
def update(name, namespace, old, new, patch, **_):
    core.patch_namespaced_config_map(f"{name}-child", namespace, {"data": {"size": str(new)}})
    patch.status["grown"] = new - old


@kopf.on.delete("test.example.com", "v1", "widgets")
def delete(name, namespace, **_):
    core.create_namespaced_config_map(namespace, {"metadata": {"name": f"{name}-was-here"}})


@kopf.timer("test.example.com", "v1", "widgets", interval=0.5)
def tick(status, patch, **_):
    patch.status["ticks"] = status.get("ticks", 0) + 1
