kubectl rollout undo deployment {{ app }}
kubectl rollout status deployment {{ app }}
