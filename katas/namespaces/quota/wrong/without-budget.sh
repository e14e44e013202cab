kubectl delete resourcequota budget
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl set resources deployment {{ batch }} --requests=cpu={{ need }}m
kubectl rollout status deployment {{ batch }} --timeout=60s
