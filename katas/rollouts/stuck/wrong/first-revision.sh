kubectl rollout undo deployment {{ app }} --to-revision=1
kubectl rollout status deployment {{ app }}
kubectl set image deployment {{ app }} web=nginx:1.28
kubectl rollout status deployment {{ app }}
