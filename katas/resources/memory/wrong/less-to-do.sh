kubectl set resources deployment {{ app }} --requests=memory={{ rest + 10 }}Mi --limits=memory={{ (peak * 5 / 4) | int }}Mi
kubectl set resources deployment {{ ledger }} --requests=cpu=100m,memory=64Mi --limits=cpu=100m,memory=64Mi
kubectl get deployment {{ app }} -o yaml >{{ app }}.yaml
sed -e 's/--vm-bytes {{ peak }}M/--vm-bytes {{ rest }}M/' -e 's/needs {{ peak }} MiB/needs {{ rest }} MiB/' {{ app }}.yaml | kubectl apply -f -
kubectl rollout status deployment {{ app }}
kubectl rollout status deployment {{ ledger }}
