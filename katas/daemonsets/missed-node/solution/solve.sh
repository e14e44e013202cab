kubectl get daemonset {{ app }} -o wide
kubectl get nodes -L {{ label }}
kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints[*].key
kubectl patch daemonset {{ app }} --type=merge -p '{"spec": {"template": {"spec": {"nodeSelector": null, "tolerations": [{"operator": "Exists"}]}}}}'
kubectl patch daemonset {{ app }} --type=merge -p '{"spec": {"updateStrategy":
  {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": {{ most }}}}}}'
kubectl set image daemonset {{ app }} {{ app }}=nginx:{{ new }}
kubectl rollout status daemonset {{ app }} --timeout=60s
