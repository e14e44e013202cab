kubectl rollout history deployment {{ app }}
kubectl rollout undo deployment {{ app }}
kubectl rollout status deployment {{ app }}
kubectl set image deployment {{ app }} web=nginx:1.28
kubectl annotate deployment {{ app }} kubernetes.io/change-cause='nginx 1.28, and nothing else' --overwrite
kubectl rollout status deployment {{ app }}
