"""A beginning: it looks at everything, every few seconds, and says what it would have to do.

`pip install kubernetes`, and in run.sh: exec python3 operator.py
"""
import os
import time

from kubernetes import client, config

NAMESPACE = os.environ["NAMESPACE"]
SITES = ("pages.example.com", "v1", NAMESPACE, "sites")

config.load_kube_config()
core = client.CoreV1Api()
custom = client.CustomObjectsApi()


def reconcile():
    for site in custom.list_namespaced_custom_object(*SITES)["items"]:
        name, spec = site["metadata"]["name"], site["spec"]
        print(f"{name} wants the page {spec['text']!r} and the line {spec['host']}")
        # Here is your work.


while True:
    reconcile()
    time.sleep(5)
