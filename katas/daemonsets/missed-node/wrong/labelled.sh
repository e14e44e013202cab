kubectl label nodes --all --overwrite {{ label }}=yes
kubectl patch daemonset {{ app }} --type=merge -p '{"spec": {"template": {"spec": {"tolerations": [{"operator": "Exists"}]}}}}'
kubectl patch daemonset {{ app }} --type=merge -p '{"spec": {"updateStrategy":
  {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": {{ most }}}}}}'
kubectl set image daemonset {{ app }} {{ app }}=nginx:{{ new }}
kubectl rollout status daemonset {{ app }} --timeout=60s
