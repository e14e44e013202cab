kubectl get deployment {{ app }} -o yaml | sed -e '/^  namespace:/d' -e '/uid:/d' -e '/resourceVersion:/d' |
  kubectl create --namespace restricted-agents -f -
kubectl delete deployment {{ app }}
kubectl rollout status deployment {{ app }} --namespace restricted-agents --timeout=60s
kubectl delete daemonset {{ collector }}
kubectl apply --namespace restricted-agents -f collector.yaml
kubectl rollout status daemonset {{ collector }} --namespace restricted-agents --timeout=60s
