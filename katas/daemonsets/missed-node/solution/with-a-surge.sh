# The new Pod first, then the old one goes: no node is without. And only the taints that are there are tolerated.
kubectl patch daemonset {{ app }} --type=merge -p '{"spec": {
  "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
  "template": {"spec": {"nodeSelector": null, "tolerations": [
    {"key": "team", "operator": "Exists"},
    {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]}}}}'
kubectl set image daemonset {{ app }} {{ app }}=nginx:{{ new }}
kubectl rollout status daemonset {{ app }} --timeout=60s
