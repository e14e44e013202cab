"""Whatever happens, it looks at everything, compares, and writes what differs.

Events only say when. Everything that it knows is in the cluster.
"""
import os
import threading
import time

from kubernetes import client, config, watch

NAMESPACE = os.environ["NAMESPACE"]
GROUP, VERSION, PLURAL = "pages.example.com", "v1", "sites"
SITES = (GROUP, VERSION, NAMESPACE, PLURAL)
FINALIZER = f"{GROUP}/zone"

config.load_kube_config()
core = client.CoreV1Api()
custom = client.CustomObjectsApi()
something_happened = threading.Event()


def follow(what, *where):
    """Wakes the loop with every event. A watch ends, always; the next one begins with a list."""
    while True:
        try:
            for _ in watch.Watch().stream(what, *where, timeout_seconds=300):
                something_happened.set()
        except Exception as error:
            print(f"the watch ended: {error}")
        time.sleep(1)


def patch_zone(key, value):
    core.patch_namespaced_config_map("zone", NAMESPACE, {"data": {key: value}})


def patch_finalizers(name, finalizers):
    custom.patch_namespaced_custom_object(*SITES, name, {"metadata": {"finalizers": finalizers}})


def settle(site, pages, zone):
    meta, spec, status = site["metadata"], site["spec"], site.get("status", {})
    name = meta["name"]
    finalizers = meta.get("finalizers", [])
    # First of all: from here on nobody can delete the Site behind our back.
    if FINALIZER not in finalizers:
        patch_finalizers(name, finalizers + [FINALIZER])
    wanted = {"index.html": spec["text"]}
    page = pages.get(f"{name}-page")
    if page is None:
        owner = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Site", "name": name,
                 "uid": meta["uid"], "controller": True}
        core.create_namespaced_config_map(NAMESPACE, {
            "metadata": {"name": f"{name}-page", "ownerReferences": [owner]}, "data": wanted})
    elif page != wanted:
        core.patch_namespaced_config_map(f"{name}-page", NAMESPACE, {"data": wanted})
    if zone.get(name) != spec["host"]:
        patch_zone(name, spec["host"])
    done = {"ready": True, "observedGeneration": meta["generation"]}
    if {key: status.get(key) for key in done} != done:
        custom.patch_namespaced_custom_object_status(*SITES, name, {"status": done})


def leave(site, zone):
    name = site["metadata"]["name"]
    if name in zone:
        patch_zone(name, None)
    others = [it for it in site["metadata"].get("finalizers", []) if it != FINALIZER]
    patch_finalizers(name, others)


def reconcile():
    sites = custom.list_namespaced_custom_object(*SITES)["items"]
    maps = core.list_namespaced_config_map(NAMESPACE).items
    pages = {it.metadata.name: it.data or {} for it in maps}
    zone = pages["zone"]
    for site in sites:
        if "deletionTimestamp" in site["metadata"]:
            leave(site, zone)
        else:
            settle(site, pages, zone)


for what in [(custom.list_namespaced_custom_object, *SITES),
             (core.list_namespaced_config_map, NAMESPACE)]:
    threading.Thread(target=follow, args=what, daemon=True).start()
while True:
    something_happened.clear()
    try:
        reconcile()
    except Exception as error:
        # A conflict, or a cluster that is away for a moment: look again soon.
        print(f"not done: {error}")
        time.sleep(1)
        continue
    something_happened.wait(60)
