kubectl set resources deployment {{ app }} --requests=cpu={{ cpu }}m --limits=memory={{ memory }}Mi
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl set resources deployment {{ batch }} --requests=cpu={{ need }}m
