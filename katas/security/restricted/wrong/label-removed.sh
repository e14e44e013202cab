kubectl label namespace {{ namespace }} pod-security.kubernetes.io/enforce-
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl delete daemonset {{ collector }}
kubectl apply --namespace restricted-agents -f collector.yaml
kubectl rollout status daemonset {{ collector }} --namespace restricted-agents --timeout=60s
