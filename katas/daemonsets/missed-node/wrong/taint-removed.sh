kubectl taint node kubekata-worker2 team-
kubectl patch daemonset {{ app }} --type=merge -p '{"spec": {"template": {"spec": {"nodeSelector": null, "tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]}}}}'
kubectl patch daemonset {{ app }} --type=merge -p '{"spec": {"updateStrategy":
  {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": {{ most }}}}}}'
kubectl set image daemonset {{ app }} {{ app }}=nginx:{{ new }}
kubectl rollout status daemonset {{ app }} --timeout=60s
