kubectl set resources deployment {{ app }} --requests=memory={{ rest + 10 }}Mi --limits=memory=4Gi
kubectl set resources deployment {{ ledger }} --requests=cpu=100m,memory=64Mi --limits=cpu=100m,memory=64Mi
kubectl rollout status deployment {{ app }}
kubectl rollout status deployment {{ ledger }}
