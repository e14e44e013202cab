"""Lists ConfigMaps, watches from there, loses the watch, and goes on without missing a change."""
import sys

from kubernetes import client, config, watch

config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()
NAMESPACE = "default"


def create(name):
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"set": "python"}))
    return core.create_namespaced_config_map(NAMESPACE, body)


def names(version, count):
    """The next `count` changes after a version, and the version after them."""
    stream = watch.Watch().stream(
        core.list_namespaced_config_map, NAMESPACE, label_selector="set=python",
        resource_version=version, timeout_seconds=20)
    seen = []
    for event in stream:
        seen.append((event["type"], event["object"].metadata.name))
        version = event["object"].metadata.resource_version
        if len(seen) == count:
            break
    return seen, version


create("one")
listed = core.list_namespaced_config_map(NAMESPACE, label_selector="set=python")
assert [item.metadata.name for item in listed.items] == ["one"], listed
version = listed.metadata.resource_version

create("two")
create("three")
seen, version = names(version, 1)
assert seen == [("ADDED", "two")], seen

# The watch was left after its first event; what came meanwhile is not lost.
core.patch_namespaced_config_map("three", NAMESPACE, {"data": {"k": "v"}})
core.delete_namespaced_config_map("one", NAMESPACE)
seen, version = names(version, 3)
assert seen == [("ADDED", "three"), ("MODIFIED", "three"), ("DELETED", "one")], seen

# A version that the log never held is answered with 410, and the client lists anew.
try:
    for event in watch.Watch().stream(
            core.list_namespaced_config_map, NAMESPACE, resource_version="1", timeout_seconds=5):
        sys.exit(f"an event after a version that is gone: {event['type']}")
except client.exceptions.ApiException as error:
    assert error.status == 410, error
print("ok")
