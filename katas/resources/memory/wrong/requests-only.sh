kubectl set resources deployment {{ app }} --requests=memory={{ rest + 10 }}Mi --limits=memory={{ (peak * 5 / 4) | int }}Mi
kubectl set resources deployment {{ ledger }} --requests=cpu=100m,memory=64Mi
kubectl rollout status deployment {{ app }}
kubectl rollout status deployment {{ ledger }}
