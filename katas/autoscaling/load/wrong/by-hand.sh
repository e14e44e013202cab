kubectl scale deployment {{ app }} --replicas=6
kubectl rollout status deployment {{ app }}
