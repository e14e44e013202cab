"""Helm 3 and Helm 4 work as they do with any cluster: releases are installed, waited for, changed,
rolled back, tested and taken away; hooks, definitions, subcharts and lookups included."""
import os
import unittest

from support import HERE, Proof

SHOP = os.path.join(HERE, "charts", "shop")
WAIT = "--wait --timeout 90s"
BROKEN = "--set image.tag=no-such-tag --timeout 6s"


class Releases:
    """What both versions do alike."""

    # Pulls and probes are not what is proven; five seconds in one leave a slow machine in peace.
    options = ("--speed", "5")
    # What the version needs besides to overwrite fields of other owners.
    force = ""

    def status(self, release="web"):
        return self.helm(f"status {release} -o json").json()["info"]["status"]

    def history(self, release="web"):
        revisions = self.helm(f"history {release} -o json").json()
        return [(revision["status"], revision["description"]) for revision in revisions]

    def deployment(self, name="web"):
        return self.get(f"deployment {name}")

    def assert_rolled_out(self, replicas, image):
        deployment = self.deployment()
        status = deployment["status"]
        self.assertEqual(status["observedGeneration"], deployment["metadata"]["generation"])
        self.assertEqual([status.get(count) for count in ("replicas", "updatedReplicas", "availableReplicas")],
                         [replicas] * 3)
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual(container["image"], image)

    def test_a_created_chart_lives_its_whole_life(self):
        self.helm("create web")
        done = self.helm(f"install web ./web {WAIT}")
        self.assertIn("STATUS: deployed", done.out)
        self.assert_rolled_out(1, "nginx:1.16.0")

        done = self.helm("test web --logs --timeout 90s")
        self.assertIn("Phase:          Succeeded", done.out)
        self.assertIn("'index.html' saved", done.out)

        self.helm(f"upgrade web ./web --set replicaCount=2 --set image.tag=1.27 {WAIT}")
        self.assert_rolled_out(2, "nginx:1.27")
        values = self.helm("get values web -o json").json()
        self.assertEqual(values, {"replicaCount": 2, "image": {"tag": "1.27"}})
        self.assertIn("replicas: 2", self.helm("get manifest web").out)
        self.assertIn("HOOKS:", self.helm("get all web").out)
        self.assertIn("export POD_NAME", self.helm("get notes web").out)

        self.helm(f"rollback web 1 {WAIT}")
        self.assert_rolled_out(1, "nginx:1.16.0")
        self.assertEqual(self.history(), [
            ("superseded", "Install complete"),
            ("superseded", "Upgrade complete"),
            ("deployed", "Rollback to 1"),
        ])
        listed = self.helm("list -o json").json()
        self.assertEqual([(item["name"], item["revision"], item["status"]) for item in listed],
                         [("web", "3", "deployed")])

        self.helm(f"uninstall web {WAIT}")
        self.assertEqual(self.names("deployments,services,secrets"), [])
        done = self.helm("uninstall web", fails=True)
        self.assertIn("Release not loaded: web: release: not found", done.err)

    def test_a_change_of_every_kind_of_resource_is_taken(self):
        self.helm("create web")
        self.helm(f"install web ./web {WAIT}")
        address = self.get("service web")["spec"]["clusterIP"]
        more = "--set autoscaling.enabled=true --set ingress.enabled=true --set service.type=NodePort"
        self.helm(f"upgrade web ./web {more} {WAIT}")
        self.assertEqual(self.names("hpa,ingress"), ["web", "web"])
        service = self.get("service web")["spec"]
        self.assertEqual((service["type"], service["clusterIP"]), ("NodePort", address))
        self.helm(f"upgrade web ./web --reset-values {WAIT}")
        self.assertEqual(self.names("hpa,ingress"), [])
        service = self.get("service web")["spec"]
        self.assertEqual((service["type"], "nodePort" in service["ports"][0]), ("ClusterIP", False))

    def test_a_failed_release_is_taken_back(self):
        self.helm("create web")
        done = self.helm(f"upgrade --install web ./web --atomic {BROKEN}", fails=True)
        self.assertIn("has been uninstalled due to", done.err)
        self.assertEqual(self.names("deployments,services"), [])
        self.assertEqual(self.helm("list -o json").json(), [])

        self.helm(f"install web ./web {WAIT}")
        done = self.helm(f"upgrade --install web ./web --atomic {BROKEN}", fails=True)
        self.assertIn("has been rolled back due to", done.err)
        self.assertEqual([status for status, _ in self.history()], ["superseded", "failed", "deployed"])
        self.assert_rolled_out(1, "nginx:1.16.0")

    def test_hooks_definitions_subcharts_and_lookups_work(self):
        self.addCleanup(self.kubectl, "delete crd gadgets.shop.example.com --ignore-not-found")
        self.helm(f"install shop {SHOP} --set password=first {WAIT}")
        self.assertEqual(self.status("shop"), "deployed")

        def revision(what):
            return int(self.get(what)["metadata"]["resourceVersion"])

        # By weight: each hook stands before the next begins, and all before the release.
        self.assertLess(revision("configmap shop-settings"), revision("configmap shop-more-settings"))
        job = self.get("job shop-migrate")
        self.assertLess(revision("configmap shop-more-settings"), int(job["metadata"]["resourceVersion"]))
        self.assertEqual(job["status"]["succeeded"], 1)
        self.assertLess(int(job["metadata"]["resourceVersion"]), revision("secret shop"))
        # After everything was ready: the Job could ask the subchart's Service.
        self.assertIn("html", self.kubectl("logs job/shop-announce").out)

        deployment = self.deployment("shop")["metadata"]["annotations"]
        self.assertRegex(deployment["kubernetes"], r"^v1\.\d+\.\d+")
        self.assertEqual((deployment["leases"], deployment["pets"]), ("true", "false"))
        self.assertEqual(self.get("gadget shop")["spec"], {"size": 1, "color": "blue"})
        self.assertEqual(self.get("service shop-cache")["metadata"]["labels"]["tier"], "small")
        self.assertEqual(self.get("persistentvolumeclaim data-shop-cache-0")["status"]["phase"], "Bound")

        # The lookup finds what the first revision made.
        first = self.get("secret shop")["data"]["password"]
        self.helm(f"upgrade shop {SHOP} --set replicas=2 --set cache.enabled=false {WAIT}")
        self.assertEqual(self.get("secret shop")["data"]["password"], first)
        self.assertEqual(self.get("gadget shop")["spec"]["size"], 2)
        self.assertEqual(self.names("statefulsets"), [])
        self.assertEqual(self.get("configmap shop-settings")["data"], {"revision": "2"})
        again = self.get("job shop-migrate")
        self.assertNotEqual(again["metadata"]["uid"], job["metadata"]["uid"])

        self.helm(f"uninstall shop {WAIT}")
        self.assertEqual(self.names("deployments,services,gadgets"), [])
        self.assertNotIn("shop-clean", self.names("jobs"))
        self.assertIn("shop-farewell", self.names("configmaps"))
        self.assertEqual(self.get("crd gadgets.shop.example.com")["spec"]["names"]["kind"], "Gadget")

    def test_a_hook_that_fails_fails_the_release(self):
        self.addCleanup(self.kubectl, "delete crd gadgets.shop.example.com --ignore-not-found")
        done = self.helm(f"install shop {SHOP} --set migrate='exit 3' {WAIT}", fails=True)
        self.assertIn("pre-install", done.err)
        self.assertEqual(self.status("shop"), "failed")
        self.assertEqual(self.names("deployments"), [])

    def test_a_server_side_dry_run_looks_up_and_leaves_nothing(self):
        self.helm("create web")
        done = self.helm("install web ./web --dry-run=server")
        self.assertIn("kind: Deployment", done.out)
        self.assertEqual(self.names("deployments,secrets"), [])
        with open(os.path.join(self.work, "web", "templates", "found.yaml"), "w") as file:
            file.write('{{ $made := lookup "v1" "ConfigMap" .Release.Namespace "made" }}\n'
                       'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: found}\n'
                       'data: {seen: {{ $made.data.key | quote }}}\n')
        self.kubectl("create configmap made --from-literal key=value")
        done = self.helm("install web ./web --dry-run=server")
        self.assertIn('seen: "value"', done.out)

    def test_a_rendered_chart_is_applied_and_does_not_differ(self):
        self.helm("create web")
        self.helm("template web ./web > web.yaml")
        self.kubectl("apply -f web.yaml")
        self.kubectl("rollout status deployment web --timeout 90s")
        self.assertEqual(self.kubectl("diff -f web.yaml").out, "")
        done = self.kubectl("apply -f web.yaml")
        self.assertEqual({line.split()[-1] for line in done.out.splitlines()}, {"unchanged"})
        self.kubectl("delete -f web.yaml --timeout 90s")

    def test_what_somebody_else_made_is_not_taken_over(self):
        self.helm("create web")
        self.kubectl("create service clusterip web --tcp=80")
        done = self.helm("install web ./web", fails=True)
        self.assertIn("invalid ownership metadata", done.err)
        self.helm(f"install web ./web --take-ownership {self.force} {WAIT}")
        labels = self.get("service web")["metadata"]["labels"]
        self.assertEqual(labels["app.kubernetes.io/managed-by"], "Helm")

    def test_the_server_refuses_what_is_wrong(self):
        self.helm("create web")
        done = self.helm("install web ./web --set replicaCount=-1", fails=True)
        self.assertIn("spec.replicas: Invalid value: -1: must be greater than or equal to 0", done.err)
        done = self.helm("install more ./web --set service.type=Wrong", fails=True)
        self.assertIn('Unsupported value: "Wrong": supported values: "ClusterIP", "ExternalName", '
                      '"LoadBalancer", "NodePort"', done.err)


class Helm3(Releases, Proof):
    clients = "v32"

    def test_a_forced_upgrade_replaces_what_is_there(self):
        self.helm("create web")
        self.helm(f"install web ./web {WAIT}")
        self.kubectl("scale deployment web --replicas 3")
        uid = self.deployment()["metadata"]["uid"]
        self.helm(f"upgrade web ./web --force {WAIT}")
        self.assert_rolled_out(1, "nginx:1.16.0")
        self.assertEqual(self.deployment()["metadata"]["uid"], uid)


class Helm4(Releases, Proof):
    """This one applies on the server."""

    clients = "v37"
    force = "--force-conflicts"

    def test_fields_that_somebody_else_owns_are_a_conflict(self):
        self.helm("create web")
        self.helm(f"install web ./web {WAIT}")
        managers = {(entry["manager"], entry["operation"])
                    for entry in self.kubectl("get deployment web -o json --show-managed-fields")
                    .json()["metadata"]["managedFields"]}
        self.assertIn(("helm", "Apply"), managers)
        self.kubectl("scale deployment web --replicas 3")
        done = self.helm("upgrade web ./web --set replicaCount=2", fails=True)
        self.assertIn('conflict with "kubectl"', done.err)
        self.assertIn(".spec.replicas", done.err)
        self.helm(f"upgrade web ./web --set replicaCount=2 --force-conflicts {WAIT}")
        self.assert_rolled_out(2, "nginx:1.16.0")

    def test_a_release_of_helm_3_is_carried_on(self):
        older = os.path.join("..", "v32", "helm")
        if not os.path.exists(os.path.join(self.folder, older)):
            self.skipTest("helm 3 is not installed")
        self.helm("create web")
        self.run_program(older, f"install web ./web {WAIT}")
        self.helm(f"upgrade web ./web --set replicaCount=2 {WAIT}")
        self.assert_rolled_out(2, "nginx:1.16.0")
        self.helm(f"rollback web 1 {WAIT}")
        self.assert_rolled_out(1, "nginx:1.16.0")
        self.run_program(older, f"uninstall web {WAIT}")
        self.assertEqual(self.names("deployments,secrets"), [])


if __name__ == "__main__":
    unittest.main()
