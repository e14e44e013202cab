kubectl rollout undo deployment {{ app }}
kubectl rollout status deployment {{ app }}
kubectl rollout undo deployment {{ app }}
