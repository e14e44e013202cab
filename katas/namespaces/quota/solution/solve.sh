kubectl describe replicasets -l app={{ app }}
kubectl describe resourcequota budget
kubectl apply -f defaults.yaml
kubectl rollout restart deployment {{ app }}
kubectl set resources deployment {{ batch }} --requests=cpu={{ need }}m
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl rollout status deployment {{ batch }} --timeout=60s
